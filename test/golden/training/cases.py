"""What the scripts of this folder share: golden cases of one node each, and the file that they are written to."""
import json
import struct

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper


def write_tensors(path, tensors):
    """The safetensors format: length, JSON header, raw data."""
    names = {"float32": "F32", "int64": "I64", "uint8": "U8"}
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": names[str(array.dtype)], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(np.ascontiguousarray(array).tobytes() for array in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


goldens = {}
random = np.random.RandomState(7)


def normal(*shape):
    return random.standard_normal(shape).astype("f4")


def case(name, op, inputs, function, constants=(), opset=18, outputs=1, lead=(), checked=True, **attributes):
    """`inputs`: arrays to differentiate by, in the node's order; `lead` and `constants`: inputs before and after
    them, None for one left out. With as many `outputs` as `function` gives tensors, all are differentiated, else one."""
    operands = [f"l{i}" for i in range(len(lead))] + [f"x{i}" for i in range(len(inputs))]
    initializers = [numpy_helper.from_array(value, f"l{i}") for i, value in enumerate(lead)]
    for i, value in enumerate(constants):
        operands.append("" if value is None else f"c{i}")
        if value is not None:
            initializers.append(numpy_helper.from_array(value, f"c{i}"))
    results = ["y"] + [f"y{i}" for i in range(1, outputs)]
    node = helper.make_node(op, operands, results, name="node", **attributes)
    tensors = [torch.tensor(value, requires_grad=True) for value in inputs]
    ys = function(*tensors)
    ys = ys if isinstance(ys, tuple) else (ys,)
    cotangents = [normal(*y.shape) for y in ys]
    sum((y * torch.tensor(cotangent)).sum() for y, cotangent in zip(ys, cotangents)).backward()
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], name,
        [value(f"x{i}", TensorProto.FLOAT, array.shape) for i, array in enumerate(inputs)],
        [value(result, TensorProto.FLOAT, y.shape) for result, y in zip(results, ys)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if checked:
        onnx.checker.check_model(model)
    goldens[f"{name}|model"] = np.frombuffer(model.SerializeToString(), "u1")
    for result, y, cotangent in zip(results, ys, cotangents):
        goldens[f"{name}|{result}"] = y.detach().numpy()
        goldens[f"{name}|cotangent of {result}"] = cotangent
    for i, (array, tensor) in enumerate(zip(inputs, tensors)):
        goldens[f"{name}|x{i}"] = array
        goldens[f"{name}|dx{i}"] = tensor.grad.numpy()


def ints(*values):
    return np.array(values, "i8")
