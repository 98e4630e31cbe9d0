"""Runs an ONNX network of common layers in PyTorch, with its weights as parameters, and writes them back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


class OnnxNetwork(torch.nn.Module):
    """Computes the first output of a network from its only input. Weights keep their names, so that they find back."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.model = onnx.load(str(path))
        graph = self.model.graph
        self.constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self.weights = torch.nn.ParameterDict()
        for name, value in self.constants.items():
            if value.dtype == np.float32 and value.size > 1:
                self.weights[_key(name)] = torch.nn.Parameter(torch.from_numpy(value.copy()))
        unknown = sorted({node.op_type for node in graph.node} - set(_operators))
        if unknown:
            raise ValueError(f"operators without a counterpart in onnx_torch.py: {', '.join(unknown)}")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        graph = self.model.graph
        values: dict[str, object] = {graph.input[0].name: image}
        for name, value in self.constants.items():
            key = _key(name)
            values[name] = self.weights[key] if key in self.weights else value
        for node in graph.node:
            attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = _operators[node.op_type](inputs, attributes)
        return values[graph.output[0].name]  # type: ignore[return-value]

    def save(self, path: Path) -> None:
        """Writes the network with the weights as they are now."""
        for one in self.model.graph.initializer:
            key = _key(one.name)
            if key in self.weights:
                value = self.weights[key].detach().cpu().numpy()
                one.CopyFrom(numpy_helper.from_array(value, one.name))
        onnx.save(self.model, str(path))


def _key(name: str) -> str:
    return name.replace(".", "/")


def _conv(inputs: list, attributes: dict) -> torch.Tensor:
    value, weight, *bias = inputs
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    padded = F.pad(value, (left, right, top, bottom))
    return F.conv2d(
        padded,
        weight,
        bias[0] if bias else None,
        stride=tuple(attributes.get("strides", [1, 1])),
        dilation=tuple(attributes.get("dilations", [1, 1])),
        groups=attributes.get("group", 1),
    )


def _gemm(inputs: list, attributes: dict) -> torch.Tensor:
    value, weight, *bias = inputs
    if attributes.get("transA", 0) or attributes.get("alpha", 1.0) != 1 or attributes.get("beta", 1.0) != 1:
        raise ValueError("Gemm with transA, alpha or beta is not in onnx_torch.py")
    return F.linear(value, weight if attributes.get("transB", 0) else weight.t(), bias[0] if bias else None)


_operators = {
    "Conv": _conv,
    "Gemm": _gemm,
    "Relu": lambda inputs, _: F.relu(inputs[0]),
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "GlobalAveragePool": lambda inputs, _: inputs[0].mean(dim=(2, 3), keepdim=True),
    "ReduceMean": lambda inputs, attributes: inputs[0].mean(dim=(2, 3), keepdim=bool(attributes.get("keepdims", 1))),
    "Flatten": lambda inputs, attributes: torch.flatten(inputs[0], attributes.get("axis", 1)),
    "Reshape": lambda inputs, _: inputs[0].reshape([int(one) for one in np.ravel(inputs[1])]),
    "Identity": lambda inputs, _: inputs[0],
}
