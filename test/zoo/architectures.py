"""The zoo: each architecture at full width and as a small copy of the same classes, channels divided by `narrow`."""
import contextlib
import functools
from dataclasses import dataclass
from typing import Callable

import timm
import torchvision.models as tv
from torch import nn
from torchvision.models import convnext, densenet, efficientnet, mobilenetv2, mobilenetv3, regnet, resnet, vgg
from torchvision.models.detection import retinanet_resnet50_fpn
from torchvision.models.segmentation import deeplabv3, deeplabv3_resnet50

from own_models import Conv1dNet, Detector, UNet


@dataclass(frozen=True)
class Architecture:
    """`full` and `small` build the network; shapes are [C, H, W] or [C, T]."""

    what: str
    full: Callable[[], nn.Module]
    small: Callable[[], nn.Module]
    shape: tuple
    small_shape: tuple = (3, 32, 32)
    opset: int = 17
    keep_norm: bool = False
    """Leaves BatchNorm in (training=PRESERVE) where the TorchScript exporter would fold it."""
    small_by: tuple = ("torchscript",)


@contextlib.contextmanager
def narrow(divisor):
    """Divides the channels and groups of every layer built inside by `divisor`; image channels stay."""
    def scaled(channels):
        return channels if channels <= 4 else max(1, channels // divisor)

    def patched(original, count):
        def init(self, *sizes, **options):
            sizes = [*map(scaled, sizes[:count]), *sizes[count:]]
            options.update({key: scaled(options[key]) for key in ("in_channels", "out_channels", "groups") if key in options})
            original(self, *sizes, **options)

        return init

    kinds = {nn.Conv2d: 2, nn.Linear: 2, nn.BatchNorm2d: 1}
    originals = {kind: kind.__init__ for kind in kinds}
    for kind, count in kinds.items():
        kind.__init__ = patched(originals[kind], count)
    try:
        yield
    finally:
        for kind, original in originals.items():
            kind.__init__ = original


def thin(build, divisor=8):
    """A builder that makes the same network with its channels divided."""
    def built():
        with narrow(divisor):
            return build()

    return built


def flat(model, index, features, classifier=None):
    """Takes out an adaptive pooling that small images would turn into enlarging; the classifier then reads `features`."""
    model.avgpool = nn.Identity()
    (classifier or model.classifier)[index] = nn.Linear(features, model.classifier[index].out_features)
    return model


def small_alexnet():
    return flat(thin(lambda: tv.alexnet(num_classes=160), 16)(), 1, 16 * 2 * 2)


def small_vgg():
    layers = lambda: vgg.make_layers(vgg.cfgs["D"], batch_norm=True)
    return flat(thin(lambda: vgg.VGG(layers(), num_classes=160), 16)(), 0, 32)


def small_convnext():
    blocks = [convnext.CNBlockConfig(a, b, 1) for a, b in ((16, 24), (24, 32), (32, None))]
    return convnext.ConvNeXt(blocks, num_classes=10)


def small_efficientnet():
    rows = [(1, 3, 1, 8, 8, 1), (4, 3, 2, 8, 12, 2), (4, 5, 2, 12, 16, 2), (4, 3, 1, 16, 24, 1)]
    blocks = [efficientnet.MBConvConfig(*row, width_mult=1.0, depth_mult=1.0) for row in rows]
    return efficientnet.EfficientNet(blocks, dropout=0.2, num_classes=10)


def small_mobilenet_v3():
    rows = [
        (8, 3, 8, 8, True, "RE", 1, 1),
        (8, 3, 24, 12, False, "RE", 2, 1),
        (12, 5, 40, 16, True, "HS", 2, 1),
        (16, 5, 48, 16, True, "HS", 1, 2),
    ]
    blocks = [mobilenetv3.InvertedResidualConfig(*row, width_mult=1.0) for row in rows]
    return mobilenetv3.MobileNetV3(blocks, last_channel=64, num_classes=10)


def small_mobilenet_v2():
    rows = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 2, 2], [6, 64, 1, 2]]
    return mobilenetv2.MobileNetV2(num_classes=10, width_mult=0.25, inverted_residual_setting=rows)


def small_regnet():
    blocks = regnet.BlockParams.from_init_params(depth=5, w_0=16, w_a=10, w_m=1.8, group_width=8, se_ratio=0.25)
    return regnet.RegNet(blocks, num_classes=10)


def small_resnext():
    return resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], num_classes=160, groups=32, width_per_group=4)


def small_densenet():
    return densenet.DenseNet(growth_rate=32, block_config=(3, 3, 3), num_init_features=64, num_classes=80)


def without(build, *modules):
    """A builder that leaves out modules whose output has their input's channels: fewer layers of each kind."""
    def built():
        model = build()
        for name in modules:
            setattr(model, name, nn.Identity())
        return model

    return built


small_googlenet = without(
    thin(functools.partial(tv.googlenet, weights=None, init_weights=False, aux_logits=False, num_classes=160), 16),
    "inception4b", "inception4c", "inception5a",
)
small_inception = without(
    thin(functools.partial(tv.inception_v3, weights=None, init_weights=False, aux_logits=False, num_classes=160), 16),
    "Mixed_5d", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7c",
)


def small_deeplab():
    backbone = resnet.ResNet(
        resnet.Bottleneck, [1, 1, 1, 1], replace_stride_with_dilation=[False, True, True]
    )
    return deeplabv3._deeplabv3_resnet(backbone, num_classes=80, aux=None)


class FirstOf(nn.Module):
    """Segmentation models of torchvision give a dictionary; this gives its `out`."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]


class RetinaNetHeads(nn.Module):
    """RetinaNet without its box decoding: the shared heads over five pyramid levels, [N, anchors, K] and [N, anchors, 4]."""

    def __init__(self, divisor=1, classes=20):
        super().__init__()
        with narrow(divisor):
            whole = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=classes)
        self.backbone, self.head = whole.backbone, whole.head
        if divisor == 1:
            return
        # The last convolutions' channels are anchors times what they tell, so they stay.
        self.head.classification_head.cls_logits = nn.Conv2d(256 // divisor, 9 * classes, 3, padding=1)
        self.head.regression_head.bbox_reg = nn.Conv2d(256 // divisor, 9 * 4, 3, padding=1)
        for stage in (self.backbone.body[f"layer{i}"] for i in range(1, 5)):
            del stage[1:]

    def forward(self, x):
        out = self.head(list(self.backbone(x).values()))
        return out["cls_logits"], out["bbox_regression"]


image = (3, 224, 224)
both = ("torchscript", "dynamo")
basic, bottleneck = resnet.BasicBlock, resnet.Bottleneck
plain_inception = functools.partial(tv.inception_v3, weights=None, init_weights=False, aux_logits=False)
plain_googlenet = functools.partial(tv.googlenet, weights=None, init_weights=False, aux_logits=False)

architectures = {
    "alexnet": Architecture("classic", tv.alexnet, small_alexnet, image, (3, 96, 96), opset=11),
    "vgg16_bn": Architecture("classic", tv.vgg16_bn, small_vgg, image, small_by=("dynamo",)),
    "resnet18": Architecture(
        "residual", tv.resnet18, thin(lambda: resnet.ResNet(basic, [1, 1, 1, 1], num_classes=160), 16), image,
        keep_norm=True,
    ),
    "resnet50": Architecture(
        "residual", tv.resnet50, thin(lambda: resnet.ResNet(bottleneck, [1, 1, 1, 1], num_classes=160), 16), image,
        small_by=("dynamo",),
    ),
    "resnext50": Architecture("grouped", tv.resnext50_32x4d, thin(small_resnext, 16), image, opset=13),
    "seresnet50": Architecture(
        "squeeze-and-excite",
        lambda: timm.create_model("seresnet50"),
        thin(lambda: timm.create_model("seresnet50", layers=(1, 1, 1, 1), num_classes=160), 16),
        image,
        small_by=("dynamo",),
    ),
    "res2net50": Architecture(
        "split and concat",
        lambda: timm.create_model("res2net50_26w_4s"),
        lambda: timm.create_model(
            "res2net50_26w_4s", layers=(1, 1, 1, 1), base_width=16, channels=(16, 24, 32, 32), stem_width=16, num_classes=10
        ),
        image,
    ),
    "regnet_y_400mf": Architecture("grouped, squeeze-and-excite", tv.regnet_y_400mf, small_regnet, image, small_by=("dynamo",)),
    "densenet121": Architecture("dense concat", tv.densenet121, thin(small_densenet), image, small_by=both),
    "googlenet": Architecture(
        "inception", plain_googlenet, small_googlenet, image, (3, 64, 64), keep_norm=True,
    ),
    "inception_v3": Architecture(
        "inception, asymmetric kernels", plain_inception, small_inception, (3, 299, 299), (3, 96, 96), small_by=("dynamo",),
    ),
    "efficientnet_b0": Architecture("squeeze-and-excite", tv.efficientnet_b0, small_efficientnet, image, opset=13),
    "mobilenet_v2": Architecture("depthwise", tv.mobilenet_v2, small_mobilenet_v2, image, opset=11, small_by=both),
    "mobilenet_v3_large": Architecture(
        "depthwise, squeeze-and-excite", tv.mobilenet_v3_large, small_mobilenet_v3, image, keep_norm=True
    ),
    "shufflenet_v2": Architecture(
        "channel shuffle", tv.shufflenet_v2_x1_0,
        lambda: tv.ShuffleNetV2([1, 2, 1], [8, 16, 32, 64, 64], num_classes=10), image, (3, 64, 64), small_by=both,
    ),
    "squeezenet1_1": Architecture(
        "fire modules", tv.squeezenet1_1, thin(lambda: tv.squeezenet1_1(num_classes=80)), image, (3, 64, 64),
        small_by=("dynamo",),
    ),
    "convnext_tiny": Architecture("layer norm", tv.convnext_tiny, small_convnext, image, (3, 64, 64), small_by=both),
    "unet_transpose": Architecture("ConvTranspose and skips", lambda: UNet(32, 4, False), lambda: UNet(6, 4, False), image),
    "unet_resize": Architecture(
        "Resize and skips", lambda: UNet(32, 4, True), lambda: UNet(6, 4, True), image, keep_norm=True, small_by=both
    ),
    "deeplabv3": Architecture(
        "dilated segmentation",
        lambda: FirstOf(deeplabv3_resnet50(weights=None, weights_backbone=None)),
        lambda: FirstOf(thin(small_deeplab, 32)()),
        image, (3, 64, 64),
    ),
    "retinanet": Architecture(
        "detector, shared heads", RetinaNetHeads, functools.partial(RetinaNetHeads, 32, 4), (3, 256, 256), (3, 64, 64),
        small_by=("dynamo",),
    ),
    "yolo_like": Architecture(
        "detector, three scales", lambda: Detector(32, 20), lambda: Detector(4, 4), (3, 256, 256), (3, 64, 64), small_by=both
    ),
    "conv1d": Architecture("1-D convolutions", lambda: Conv1dNet(128, 12), lambda: Conv1dNet(16, 12), (20, 400), (20, 64)),
}
