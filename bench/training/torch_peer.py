"""The peer of bench/training: the same ONNX model as PyTorch functions, trained by the same step. Needs torch and onnx.

Started as `torch_peer.py MODEL BATCH THREADS`; for each line with a number of steps on stdin it trains that many and
prints, as JSON, their milliseconds and the process's peak memory in MiB.
"""
import json
import resource
import sys
import time

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

path, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
graph = onnx.load(path).graph
def attribute(node, name, default=None):
    return next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


values = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in graph.initializer}
for node in graph.node:
    if node.op_type == "Identity" and node.input[0] in values:
        values[node.output[0]] = values[node.input[0]].clone()
    if node.op_type == "Constant":
        values[node.output[0]] = torch.tensor(numpy_helper.to_array(attribute(node, "value")).copy())
statistics = {name for n in graph.node if n.op_type == "BatchNormalization" for name in n.input[3:5]}
parameters = [v.requires_grad_() for k, v in values.items()
              if v.dtype == torch.float32 and v.dim() and k not in statistics]


def conv(node, x, w, b=None):
    top, left, bottom, right = attribute(node, "pads", [0, 0, 0, 0])
    assert (top, left) == (bottom, right)
    strides, dilations = attribute(node, "strides", [1, 1]), attribute(node, "dilations", [1, 1])
    return F.conv2d(x, w, b, strides, (top, left), dilations, attribute(node, "group", 1))


operators = {
    "Conv": conv,
    "Clip": lambda node, x, low, high: x.clamp(low.item(), high.item()),
    "MaxPool": lambda node, x: F.max_pool2d(x, attribute(node, "kernel_shape"), attribute(node, "strides")),
    "Relu": lambda node, x: F.relu(x),
    "Add": lambda node, a, b: a + b,
    "GlobalAveragePool": lambda node, x: x.mean((2, 3), keepdim=True),
    "Flatten": lambda node, x: x.flatten(1),
    "Gemm": lambda node, x, w, b: F.linear(x, w, b),
    "BatchNormalization": lambda node, x, g, b, m, v: F.batch_norm(x, m, v, g, b, training=True),
}


def forward(x):
    scope = {graph.input[0].name: x}
    for node in graph.node:
        if node.op_type in ("Identity", "Constant"):
            continue
        inputs = [scope[name] if name in scope else values[name] for name in node.input]
        scope[node.output[0]] = operators[node.op_type](node, *inputs)
    return scope[graph.output[0].name]


image = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim[1:]]
x, y = torch.rand(batch, *image), torch.arange(batch) % 10
optimizer = torch.optim.SGD(parameters, 1e-4, momentum=0.9, weight_decay=5e-4)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        loss = F.cross_entropy(forward(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(1000 * (time.perf_counter() - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "peak": peak}), flush=True)
