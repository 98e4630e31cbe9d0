"""Writes the networks of bench/training, seeded, as ONNX: for images of 3x32x32 a VGG-like one (Simonyan and Zisserman
2014) without BatchNorm, and a depthwise separable one (MobileNet, Howard et al. 2017) with BatchNorm left in; for images
of 3x96x96 one of inverted residuals (MobileNetV2, Sandler et al. 2018) with BatchNorm left in.

    python networks.py FOLDER
"""
import pathlib
import sys

import torch
from torch import nn

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def vgg():
    layers, before = [], 3
    for width in (32, 32, "pool", 64, 64, "pool", 128, 128, "pool"):
        if width == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            before = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 16, 256), nn.ReLU(), nn.Linear(256, 10))


def depthwise():
    def block(inputs, outputs, stride, groups=1, kernel=3):
        conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU6()]

    layers = block(3, 32, 1)
    for inputs, outputs, stride in ((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1)):
        layers += block(inputs, inputs, stride, groups=inputs) + block(inputs, outputs, 1, kernel=1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


def mobilenetv2():
    def conv(inputs, outputs, kernel=1, stride=1, groups=1):
        layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [layer, nn.BatchNorm2d(outputs)]

    layers = conv(3, 32, 3, 2) + [nn.ReLU6()]
    before = 32
    for outputs, stride, expand in (
        (16, 1, 1), (24, 2, 6), (24, 1, 6), (32, 2, 6), (32, 1, 6), (64, 2, 6), (64, 1, 6), (96, 1, 6),
    ):
        wide = before * expand
        block = conv(before, wide) + [nn.ReLU6()] if expand > 1 else []
        block += conv(wide, wide, 3, stride, wide) + [nn.ReLU6()] + conv(wide, outputs)
        layers += [Residual(*block)] if stride == 1 and before == outputs else block
        before = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


for name, network, side in (("vgg", vgg, 32), ("depthwise", depthwise, 32), ("mobilenetv2", mobilenetv2, 96)):
    torch.manual_seed(0)
    torch.onnx.export(
        network().eval(), torch.zeros(2, 3, side, side), folder / f"{name}.onnx", dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
        input_names=["images"], output_names=["logits"],
        dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
    )
