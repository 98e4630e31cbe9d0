"""An ONNX model as PyTorch functions, for the peers of bench/training. Needs torch and onnx."""
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F


def attribute(node, name, default=None):
    return next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def conv(node, x, w, b=None):
    top, left, bottom, right = attribute(node, "pads", [0, 0, 0, 0])
    assert (top, left) == (bottom, right)
    strides, dilations = attribute(node, "strides", [1, 1]), attribute(node, "dilations", [1, 1])
    return F.conv2d(x, w, b, strides, (top, left), dilations, attribute(node, "group", 1))


OPERATORS = {
    "Conv": conv,
    "Clip": lambda node, x, low, high: x.clamp(low.item(), high.item()),
    "MaxPool": lambda node, x: F.max_pool2d(x, attribute(node, "kernel_shape"), attribute(node, "strides")),
    "Relu": lambda node, x: F.relu(x),
    "Add": lambda node, a, b: a + b,
    "GlobalAveragePool": lambda node, x: x.mean((2, 3), keepdim=True),
    "Flatten": lambda node, x: x.flatten(1),
    "Gemm": lambda node, x, w, b: F.linear(x, w, b),
}


class Network:
    """A model whose constants are tensors of their own: `decayed` holds its weights, `others` biases, scales and shifts."""

    def __init__(self, path, device="cpu"):
        self.graph = onnx.load(path).graph
        self.image = [d.dim_value for d in self.graph.input[0].type.tensor_type.shape.dim[1:]]
        self.values = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Identity" and node.input[0] in self.values:
                self.values[node.output[0]] = self.values[node.input[0]].clone()
            if node.op_type == "Constant":
                array = np.array(numpy_helper.to_array(attribute(node, "value")))
                self.values[node.output[0]] = torch.tensor(array)
        self.values = {k: v.to(device) for k, v in self.values.items()}
        norms = [n for n in self.graph.node if n.op_type == "BatchNormalization"]
        statistics = {name for n in norms for name in n.input[3:5]}
        read = {name for n in self.graph.node if n.op_type != "Identity" for name in n.input}
        trained = [v.requires_grad_() for k, v in self.values.items()
                   if k in read and v.dtype == torch.float32 and v.dim() and k not in statistics]
        self.decayed = [v for v in trained if v.dim() > 1]
        self.others = [v for v in trained if v.dim() == 1]

    def forward(self, x, training=True):
        """Scores [N, K] of images; `training` takes BatchNormalization's statistics from the batch, and follows them."""
        scope = {self.graph.input[0].name: x}
        for node in self.graph.node:
            if node.op_type == "Constant" or node.op_type == "Identity" and node.output[0] in self.values:
                continue
            inputs = [scope[name] if name in scope else self.values[name] for name in node.input]
            if node.op_type == "BatchNormalization":
                x, scale, shift, mean, variance = inputs
                epsilon = attribute(node, "epsilon", 1e-5)
                y = F.batch_norm(x, mean, variance, scale, shift, training=training, eps=epsilon)
            else:
                y = OPERATORS[node.op_type](node, *inputs)
            scope[node.output[0]] = y
        return scope[self.graph.output[0].name]

    def sgd(self, rate, momentum, decay):
        """SGD whose weight decay is for weights alone, as Slimflow's is."""
        groups = [{"params": self.decayed, "weight_decay": decay}, {"params": self.others, "weight_decay": 0.0}]
        return torch.optim.SGD(groups, rate, momentum=momentum)
