"""Makes rows.safetensors with PyTorch and onnx: cases as those of make_goldens.py for the operators beyond its first ones.

    python make_rows.py
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from cases import case, goldens, ints, normal, write_tensors

x = normal(3, 4, 5, 2)


def positive(*shape):
    return (np.abs(normal(*shape)) + 0.3).astype("f4")


# ---- convolutions ----------------------------------------------------------------------------------------------------


def conv1d(name, n, c, length, k, kernel, stride=1, pads=(0, 0), dilation=1, groups=1):
    case(f"Conv 1-D {name}", "Conv", [normal(n, c, length), normal(k, c // groups, kernel), normal(k)],
         lambda x, w, b: F.conv1d(F.pad(x, pads), w, b, stride, 0, dilation, groups),
         kernel_shape=[kernel], strides=[stride], pads=pads, dilations=[dilation], group=groups)


conv1d("3", 2, 4, 9, 5, 3, pads=(1, 1))
conv1d("5, stride 2", 2, 3, 12, 4, 5, 2, (2, 2))
conv1d("3, dilation 2, causal", 2, 4, 9, 4, 3, pads=(4, 0), dilation=2)
conv1d("depthwise", 2, 4, 9, 4, 3, pads=(1, 1), groups=4)
conv1d("1", 2, 4, 9, 6, 1)


def transposed(name, n, c, plane, k, kernel, stride=None, pads=None, dilation=None, extra=None, groups=1, bias=True, **more):
    axes = len(kernel)
    stride, dilation, extra = ((value or (fallback,) * axes) for value, fallback in ((stride, 1), (dilation, 1), (extra, 0)))
    pads = pads or (0,) * 2 * axes
    function = {1: F.conv_transpose1d, 2: F.conv_transpose2d}[axes]

    def cropped(x, weight, bias=None):
        y = function(x, weight, bias, stride, 0, 0, groups, dilation)
        # PyTorch has one padding for both sides and a smaller output_padding: crop or fill by hand.
        fill = [(-pads[axis], extra[axis] - pads[axes + axis]) for axis in reversed(range(axes))]
        grown = F.pad(y, sum(fill, ()))
        if bias is None or not any(extra):
            return grown
        return grown + bias.reshape(-1, *[1] * axes) * (1 - F.pad(torch.ones_like(y), sum(fill, ())))
    inputs = [normal(n, c, *plane), normal(c, k // groups, *kernel)] + ([normal(k)] if bias else [])
    attributes = dict(strides=stride, dilations=dilation, group=groups, kernel_shape=kernel, output_padding=extra)
    case(f"ConvTranspose {name}", "ConvTranspose", inputs, cropped, **(attributes | (more or dict(pads=pads))))


transposed("2x2 stride 2", 2, 4, (3, 4), 3, (2, 2), (2, 2))
transposed("3x3", 2, 4, (5, 4), 3, (3, 3), pads=(1, 1, 1, 1))
transposed("3x3 stride 2, output padding", 2, 3, (4, 3), 4, (3, 3), (2, 2), (1, 1, 1, 1), extra=(1, 1))
transposed("4x4 stride 2", 2, 3, (4, 3), 4, (4, 4), (2, 2), (1, 1, 1, 1), bias=False)
transposed("3x2 dilation, asymmetric pads", 2, 3, (4, 5), 2, (3, 2), (1, 2), (1, 0, 2, 1), (2, 1))
transposed("stride (3, 2) beyond the kernel", 2, 2, (3, 3), 2, (2, 1), (3, 2), extra=(1, 1))
transposed("two groups", 2, 4, (4, 3), 6, (3, 3), (2, 2), (1, 1, 1, 1), groups=2)
transposed("depthwise", 2, 4, (4, 3), 4, (2, 2), (2, 2), groups=4)
transposed("SAME_UPPER", 2, 3, (4, 3), 2, (3, 3), (2, 2), (0, 0, 1, 1), auto_pad="SAME_UPPER")
transposed("SAME_LOWER", 2, 3, (4, 3), 2, (3, 3), (2, 2), (1, 1, 0, 0), auto_pad="SAME_LOWER")
transposed("output_shape", 2, 3, (4, 3), 2, (3, 3), (2, 2), (1, 1, 0, 0), output_shape=[8, 6])
transposed("1-D, stride 2", 2, 3, (5,), 4, (4,), (2,), (1, 1))
transposed("1-D output_padding", 2, 4, (5,), 4, (3,), (2,), (1, 1), extra=(1,), groups=2)

# ---- activations and elementary functions ----------------------------------------------------------------------------

case("PRelu channel", "PRelu", [x, normal(4, 1, 1)], lambda t, a: torch.where(t > 0, t, a * t))
case("PRelu shared", "PRelu", [x, normal(1)], lambda t, a: F.prelu(t, a))
case("Elu", "Elu", [2 * x], lambda t: F.elu(t, 0.7), alpha=0.7)
case("Selu", "Selu", [2 * x], F.selu)
case("Celu", "Celu", [2 * x], lambda t: F.celu(t, 0.6), alpha=0.6)
case("Softplus", "Softplus", [3 * x], F.softplus)
case("Softsign", "Softsign", [x], F.softsign)
case("Mish", "Mish", [2 * x], F.mish)
case("Swish", "Swish", [2 * x], F.silu, opset=24)
case("Swish 1.702", "Swish", [2 * x], lambda t: t * torch.sigmoid(1.702 * t), opset=24, alpha=1.702)
case("Gelu", "Gelu", [2 * x], F.gelu, opset=20)
case("Gelu tanh", "Gelu", [2 * x], lambda t: F.gelu(t, approximate="tanh"), opset=20, approximate="tanh")
case("ThresholdedRelu", "ThresholdedRelu", [x], lambda t: F.threshold(t, 0.5, 0), alpha=0.5)
case("Erf", "Erf", [x], torch.erf)
for op, function in dict(Neg=torch.neg, Abs=torch.abs, Exp=torch.exp, Sin=torch.sin, Cos=torch.cos).items():
    case(op, op, [x], function)
for op, function in dict(Log=torch.log, Sqrt=torch.sqrt, Reciprocal=torch.reciprocal).items():
    case(op, op, [positive(3, 4, 5)], function)
for op, function in dict(Floor=torch.floor, Ceil=torch.ceil, Round=torch.round, Sign=torch.sign).items():
    case(op, op, [x], lambda t, function=function: function(t) + 0 * t)
case("Cast", "Cast", [x], lambda t: t * 1, to=1)

case("Pow square", "Pow", [x], lambda t: t ** 2, [np.float32(2)])
case("Pow cube, integer", "Pow", [x], lambda t: t ** 3, [np.int64(3)])
case("Pow root", "Pow", [positive(3, 4)], lambda t: t ** 0.5, [np.float32(0.5)])
case("Pow channel exponents", "Pow", [positive(3, 4, 5), positive(4, 1)], torch.pow)
case("Sum", "Sum", [normal(3, 4), normal(4), normal(3, 1)], lambda a, b, c: a + b + c)
case("Mean", "Mean", [normal(3, 4), normal(4), normal(3, 1)], lambda a, b, c: (a + b + c) / 3)
for op, function in dict(Min=torch.minimum, Max=torch.maximum).items():
    case(f"{op} two", op, [x, normal(4, 1, 1)], function)
    case(f"{op} constant", op, [x], lambda t, function=function: function(t, torch.zeros(())), [np.float32(0)])
    case(f"{op} equal", op, [np.round(x), np.round(normal(3, 4, 5, 2))], function)
    case(f"{op} three", op, [normal(3, 4), normal(3, 4), normal(4)], lambda a, b, c, function=function: function(function(a, b), c))
chosen = normal(4, 1, 1) > 0
case("Where", "Where", [x, normal(1, 4, 5, 1)], lambda a, b: torch.where(torch.tensor(chosen), a, b), lead=[chosen])

# ---- normalization ---------------------------------------------------------------------------------------------------

y = 2 * normal(3, 4, 5, 2) + 1
case("LayerNormalization last", "LayerNormalization", [y, normal(2), normal(2)],
     lambda t, s, b: F.layer_norm(t, (2,), s, b, 1e-3), epsilon=1e-3)
case("LayerNormalization from 1", "LayerNormalization", [y, normal(4, 5, 2), normal(4, 5, 2)],
     lambda t, s, b: F.layer_norm(t, (4, 5, 2), s, b), axis=1)
case("LayerNormalization without bias", "LayerNormalization", [y, normal(5, 2)],
     lambda t, s: F.layer_norm(t, (5, 2), s), axis=-2)
case("RMSNormalization", "RMSNormalization", [normal(3, 4, 8), normal(8)],
     lambda t, s: F.rms_norm(t, (8,), s, 1e-5), opset=23)
case("InstanceNormalization", "InstanceNormalization", [y, normal(4), normal(4)],
     lambda t, s, b: F.instance_norm(t, weight=s, bias=b, eps=1e-3), epsilon=1e-3)
case("InstanceNormalization 1-D", "InstanceNormalization", [normal(3, 4, 7), normal(4), normal(4)],
     lambda t, s, b: F.instance_norm(t, weight=s, bias=b))
z = 2 * normal(3, 6, 3, 4) - 1
case("GroupNormalization 21", "GroupNormalization", [z, normal(6), normal(6)], lambda t, s, b: F.group_norm(t, 3, s, b),
     opset=21, num_groups=3)
case("GroupNormalization 18", "GroupNormalization", [z, normal(3), normal(3)],
     lambda t, s, b: F.group_norm(t, 3, s.repeat_interleave(2), b.repeat_interleave(2)), num_groups=3, checked=False)  # the checker calls it deprecated
for size in (3, 5):  # ONNX Runtime takes odd sizes alone
    case(f"LRN {size}", "LRN", [2 * z], lambda t, size=size: F.local_response_norm(t, size, 0.5, 0.6, 1.5), size=size,
         alpha=0.5, beta=0.6, bias=1.5)

# ---- moving and choosing elements ------------------------------------------------------------------------------------

case("Split", "Split", [normal(2, 6, 3)], lambda t: tuple(t.split([2, 1, 3], 1)), [ints(2, 1, 3)], outputs=3, axis=1)
case("Split first alone", "Split", [normal(2, 6, 3)], lambda t: t[:, :2], [ints(2, 4)], outputs=2, axis=1)
case("Split 11", "Split", [normal(2, 6)], lambda t: tuple(t.split([4, 2], 1)), opset=11, outputs=2, axis=-1, split=[4, 2])
case("Split num_outputs", "Split", [normal(2, 7)], lambda t: tuple(t.split(3, 1)), outputs=3, axis=1, num_outputs=3)
case("Slice", "Slice", [x], lambda t: t[:, 1:3, :, :1], [ints(1, 0), ints(3, -1), ints(1, 3)])
case("Slice steps", "Slice", [x], lambda t: t[:, ::2, 1::3], [ints(0, 1), ints(2**31 - 1, 2**63 - 1), ints(1, 2), ints(2, 3)])
case("Slice backwards", "Slice", [x], lambda t: t.flip(2)[:, 1:, ::2], [ints(1, -1), ints(4, -2**63), ints(1, 2), ints(1, -2)])
case("Gather channels", "Gather", [x], lambda t: t[:, [2, 0, 3, 1]], [ints(2, 0, 3, 1)], axis=1)
case("Gather some", "Gather", [x], lambda t: t[:, :, [4, -4]], [ints(4, -4)], axis=2)
case("Gather repeated", "Gather", [x], lambda t: t[:, [2, 0, 2, 2, 1]], [ints(2, 0, 2, 2, 1)], axis=1)
case("Gather one", "Gather", [x], lambda t: t[:, 1], [np.array(1, "i8")], axis=1)
case("Gather table", "Gather", [x], lambda t: t[:, torch.tensor([[0, 1, 1], [3, 2, 0]])], [np.array([[0, 1, 1], [3, 2, 0]])], axis=1)
case("Gather last", "Gather", [x], lambda t: t[..., [1, 1, 0]], [ints(1, 1, 0)], axis=-1)
case("Expand", "Expand", [normal(4, 1, 2)], lambda t: t.expand(3, 4, 5, 2), [ints(3, 1, 5, 1)])
case("Tile", "Tile", [normal(3, 4, 2)], lambda t: t.repeat(1, 2, 3), [ints(1, 2, 3)])
case("Tile nothing", "Tile", [normal(3, 4)], lambda t: t * 1, [ints(1, 1)])
case("DepthToSpace DCR", "DepthToSpace", [normal(2, 12, 3, 2)],
     lambda t: t.reshape(2, 2, 2, 3, 3, 2).permute(0, 3, 4, 1, 5, 2).reshape(2, 3, 6, 4), blocksize=2)
case("DepthToSpace CRD", "DepthToSpace", [normal(2, 12, 3, 2)], lambda t: F.pixel_shuffle(t, 2), blocksize=2, mode="CRD")
case("SpaceToDepth", "SpaceToDepth", [normal(2, 3, 4, 6)],
     lambda t: t.reshape(2, 3, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3), blocksize=2)
case("Concat batch apart, 3 axes", "Concat", [normal(2, 3, 4), normal(2, 3, 1)], lambda *t: torch.cat(t, 2), axis=2)
for mode, own in dict(reflect="reflect", edge="replicate", wrap="circular").items():
    case(f"Pad {mode}", "Pad", [x], lambda t, own=own: F.pad(t, (1, 0, 2, 3), own), [ints(0, 0, 2, 1, 0, 0, 3, 0)], opset=19, mode=mode)
case("Pad edge far", "Pad", [normal(2, 3)], lambda t: F.pad(t, (4, 4), "replicate"), [ints(0, 4, 0, 4)], mode="edge")

# ---- interpolation ---------------------------------------------------------------------------------------------------

image = normal(2, 3, 4, 5)


def resize(name, function, sizes=None, scales=None, opset=18, **attributes):
    constants = [None, None if scales is None else np.array(scales, "f4"), None if sizes is None else ints(*sizes)]
    case(f"Resize {name}", "Resize", [image], function, constants[: 3 if sizes else 2], opset=opset, **attributes)


floor = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
resize("nearest 2", lambda t: F.interpolate(t, scale_factor=2), scales=(1, 1, 2, 2), **floor)
resize("nearest to 7x9", lambda t: F.interpolate(t, (7, 9)), (2, 3, 7, 9), **floor)
resize("nearest to 3x2", lambda t: F.interpolate(t, (3, 2)), (2, 3, 3, 2), **floor)
resize("nearest-exact", lambda t: F.interpolate(t, (7, 8), mode="nearest-exact"), (2, 3, 7, 8), mode="nearest",
       coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_ceil")
linear = dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel")
resize("linear 2", lambda t: F.interpolate(t, scale_factor=2, mode="bilinear"), scales=(1, 1, 2, 2), **linear)
resize("linear to 7x3", lambda t: F.interpolate(t, (7, 3), mode="bilinear"), (2, 3, 7, 3), **linear)
resize("linear half_pixel 11", lambda t: F.interpolate(t, scale_factor=(2, 3), mode="bilinear"), scales=(1, 1, 2, 3), opset=13, mode="linear")
resize("linear aligned corners", lambda t: F.interpolate(t, (7, 9), mode="bilinear", align_corners=True), (2, 3, 7, 9),
       mode="linear", coordinate_transformation_mode="align_corners")
resize("cubic to 7x9", lambda t: F.interpolate(t, (7, 9), mode="bicubic"), (2, 3, 7, 9), mode="cubic",
       coordinate_transformation_mode="half_pixel")
resize("named axes", lambda t: F.interpolate(t, scale_factor=(1, 2)), scales=(2,), axes=[3], **floor)
case("Resize 1-D", "Resize", [normal(2, 3, 5)], lambda t: F.interpolate(t, scale_factor=2, mode="linear"),
     [None, np.array((1, 1, 2), "f4")], **linear)

# ---- reductions and pools --------------------------------------------------------------------------------------------

coarse = np.round(2 * normal(3, 4, 5, 2))
case("ReduceMax", "ReduceMax", [x], lambda t: t.amax((2, 3)), [ints(2, 3)], keepdims=0)
case("ReduceMax equal maxima", "ReduceMax", [coarse], lambda t: t.amax(1, keepdim=True), [ints(1)])
case("ReduceMax 13", "ReduceMax", [x], lambda t: t.amax(-1), opset=13, axes=[-1], keepdims=0)
case("ReduceMin", "ReduceMin", [x], lambda t: t.amin(1), [ints(1)], keepdims=0)
case("ReduceL1", "ReduceL1", [x], lambda t: t.abs().sum((1, 2)), [ints(1, 2)], keepdims=0)
case("ReduceL2", "ReduceL2", [x], lambda t: t.norm(dim=1, keepdim=True), [ints(1)])
case("ReduceL2 13, all", "ReduceL2", [x], lambda t: t.norm(), opset=13, keepdims=0)
case("ReduceSumSquare", "ReduceSumSquare", [x], lambda t: (t ** 2).sum(-1), [ints(-1)], keepdims=0)
case("ReduceLogSumExp", "ReduceLogSumExp", [x], lambda t: t.logsumexp(1), [ints(1)], keepdims=0)
case("Softmax between", "Softmax", [x], lambda t: t.softmax(2), axis=2)
case("LogSoftmax 11", "LogSoftmax", [x], lambda t: t.flatten(2).log_softmax(2).reshape(t.shape), opset=11, axis=2)
case("GlobalMaxPool", "GlobalMaxPool", [x], lambda t: F.adaptive_max_pool2d(t, 1))
case("GlobalLpPool", "GlobalLpPool", [x], lambda t: t.abs().pow(3).sum((2, 3), keepdim=True) ** (1 / 3), p=3)
case("GlobalAveragePool 1-D", "GlobalAveragePool", [normal(2, 3, 7)], lambda t: t.mean(2, keepdim=True))
line = normal(2, 3, 9)
case("MaxPool 1-D", "MaxPool", [line], lambda t: F.max_pool1d(t, 3, 2, 1), kernel_shape=[3], strides=[2], pads=[1, 1])
case("AveragePool 1-D", "AveragePool", [line], lambda t: F.avg_pool1d(t, 3, 2, 1), kernel_shape=[3], strides=[2], pads=[1, 1],
     count_include_pad=1)
case("AveragePool ceil, pads counted", "AveragePool", [normal(2, 3, 7, 8)], lambda t: F.avg_pool2d(t, 3, 2, 1, ceil_mode=True),
     kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1, opset=19)
case("AveragePool dilated", "AveragePool", [normal(2, 3, 7, 8)], lambda t: (t[:, :, :-2, :-1] + t[:, :, 2:, :-1] + t[:, :, :-2, 1:] + t[:, :, 2:, 1:]) / 4,
     kernel_shape=[2, 2], dilations=[2, 1], opset=19)
case("MaxPool ceil with pads", "MaxPool", [normal(2, 3, 6, 8)], lambda t: F.max_pool2d(t, 3, 2, 1, ceil_mode=True),
     kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)
case("LpPool", "LpPool", [normal(2, 3, 6, 8)], lambda t: F.lp_pool2d(t, 2, 2), kernel_shape=[2, 2], strides=[2, 2])
case("LpPool 3, overlapping", "LpPool", [positive(2, 3, 6, 8)], lambda t: F.lp_pool2d(t, 3, 3, 2), kernel_shape=[3, 3], strides=[2, 2], p=3)

write_tensors(pathlib.Path(__file__).parent / "rows.safetensors", goldens)
print(sum(name.endswith("|model") for name in goldens), "gradient cases")
