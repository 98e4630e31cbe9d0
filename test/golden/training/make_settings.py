"""Makes the golden values of test/engine/training/settings.test.ts and optimizers/schedule.test.ts with PyTorch and onnx.

    python make_settings.py

settings.safetensors: for each case a small network, its settings as JSON, and the losses and final parameters of ten
training steps in PyTorch. schedules.json: the rates of PyTorch's schedulers.
"""
import json
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F
from torch.optim import lr_scheduler

here = pathlib.Path(__file__).parent
random = np.random.RandomState(11)
steps, batch, side, classes = 10, 8, 8, 4


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
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


# ---- networks --------------------------------------------------------------------------------------------------------

def network(kind, outputs=classes, seed=0, ending=None):
    """plain: two convolutions and a linear layer; norm: the same with BatchNorm; pixels: scores for each pixel."""
    draw = np.random.RandomState(seed)
    nodes, constants = [], {}

    def constant(name, *shape, center=0.0, scale=0.3):
        constants[name] = (center + scale * draw.standard_normal(shape)).astype("f4")
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv(x, c, k, size, name, stride=1):
        weights = [constant(f"{name}.weight", k, c, size, size)]
        if kind != "norm":
            weights.append(constant(f"{name}.bias", k))
        y = node("Conv", [x, *weights], name, kernel_shape=[size] * 2, pads=[size // 2] * 4, strides=[stride] * 2)
        if kind == "norm":
            names = [constant(f"{name}.scale", k, center=1), constant(f"{name}.shift", k), constant(f"{name}.mean", k),
                     constant(f"{name}.variance", k, center=2, scale=0.2)]
            y = node("BatchNormalization", [y, *names], f"{name}.norm", epsilon=1e-5, momentum=0.9)
        return y

    x = node("Relu", [conv("x", 3, 8, 3, "c1")], "r1")
    if kind == "pixels":
        y = conv(x, 8, outputs, 1, "c2")
        shape = ["n", outputs, side, side]
    else:
        x = node("Relu", [conv(x, 8, 8, 3, "c2", stride=2)], "r2")
        x = node("Flatten", [node("GlobalAveragePool", [x], "pooled")], "flat")
        y = node("Gemm", [x, constant("w", outputs, 8), constant("b", outputs)], "scores", transB=1)
        shape = ["n", outputs]
    if ending:
        y = node(ending, [y], "ending")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, kind, [value("x", TensorProto.FLOAT, ["n", 3, side, side])],
                              [value(y, TensorProto.FLOAT, shape)],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def forward(model, values, x, training):
    """All values of a network's run in PyTorch."""
    known = {**values, "x": x}
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs = [known[name] for name in node.input]
        known[node.output[0]] = {
            "Conv": lambda t, w, b=None: F.conv2d(t, w, b, attributes["strides"], attributes["pads"][:2]),
            "BatchNormalization": lambda t, scale, shift, mean, variance: F.batch_norm(
                t, mean, variance, scale, shift, training=training, momentum=0.1, eps=1e-5),
            "Relu": torch.relu,
            "GlobalAveragePool": lambda t: t.mean((2, 3), keepdim=True),
            "Flatten": lambda t: t.flatten(1),
            "Gemm": lambda t, w, b: t @ w.T + b,
            "Softmax": lambda t: t.softmax(1),
            "Sigmoid": torch.sigmoid,
        }[node.op_type](*inputs)
    return known


def tensors_of(model):
    return {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}


# ---- settings --------------------------------------------------------------------------------------------------------

def label_loss(settings, known, output, scores, y):
    kind = settings.get("loss", "cross-entropy")
    if kind == "cross-entropy":
        return F.cross_entropy(known[scores], y, label_smoothing=settings.get("labelSmoothing", 0.0),
                               ignore_index=settings.get("ignoreLabel", -100))
    given = known[output if kind == "mean-squared-error" else scores]
    if y.numel() == given.numel():
        target = y.reshape(given.shape).float()
    else:
        target = F.one_hot(y, given.shape[1]).float()
    known = ~target.isnan()
    given, target = given[known], target[known]
    if kind == "mean-squared-error":
        return F.mse_loss(given, target)
    return F.binary_cross_entropy_with_logits(given, target)


def taught_loss(how, known, wanted, scores):
    own, other = known[scores], wanted[scores]
    kind = how.get("logits", "kl")
    total = 0.0
    if kind == "kl":
        t = how.get("temperature", 4)
        divergence = F.kl_div((own / t).log_softmax(1), (other / t).log_softmax(1), log_target=True, reduction="none")
        total = t * t * divergence.sum(1).mean()
    elif kind == "mse":
        total = F.mse_loss(own, other)
    for name in how.get("features", []):
        total = total + how.get("featureWeight", 1) * F.mse_loss(known[name], wanted[name])
    return total


def train(model, settings, images, labels, teacher=None):
    values = tensors_of(model)
    output = model.graph.output[0].name
    last = model.graph.node[-1]
    scores = last.input[0] if last.op_type in ("Softmax", "Sigmoid") else output
    statistics = [name for name in values if name.endswith((".mean", ".variance"))]
    parameters = {name: value.requires_grad_() for name, value in values.items() if name not in statistics}
    decayed = [v for v in parameters.values() if settings.get("decay") == "all" or v.dim() >= 2]
    others = [v for v in parameters.values() if not any(v is w for w in decayed)]
    rest = {"weight_decay": 0.0}
    groups = [{"params": decayed}, {"params": others, **rest}] if others else [{"params": decayed}]
    rate, momentum, decay = settings["learningRate"], settings["momentum"], settings["weightDecay"]
    if settings["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(groups, rate, momentum=momentum, weight_decay=decay,
                                    nesterov=settings.get("nesterov", False))
    else:
        optimizer = torch.optim.AdamW(groups, rate, betas=(momentum, settings.get("beta2", 0.999)),
                                      eps=settings.get("epsilon", 1e-8), weight_decay=decay)
    cycle = None
    if settings["schedule"] == "one-cycle":
        cycle = lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    averages = {name: value.detach().clone() for name, value in values.items()}
    taught = tensors_of(teacher) if teacher else None
    losses = []
    for at in range(steps):
        part = slice(batch * at, batch * (at + 1))
        known = forward(model, values, images[part], settings.get("batchNorm") != "frozen")
        how = settings.get("distillation", {})
        weight = how.get("weight", 1) if teacher else 0
        loss = 0.0
        if weight < 1:
            loss = (1 - weight) * label_loss(settings, known, output, scores, labels[part])
        if teacher:
            with torch.no_grad():
                wanted = forward(teacher, taught, images[part], False)
            loss = loss + weight * taught_loss(how, known, wanted, scores)
        optimizer.zero_grad()
        loss.backward()
        if "clip" in settings:
            torch.nn.utils.clip_grad_norm_(parameters.values(), settings["clip"])
        optimizer.step()
        if cycle and at < steps - 1:
            cycle.step()
        losses.append(loss.item())
        kept = min(settings.get("ema", 0), (2 + at) / (11 + at))
        for name, value in values.items():
            averages[name] = torch.lerp(averages[name], value.detach(), 1 - kept)
    return losses, averages


goldens = {}
images = torch.tensor(random.standard_normal((steps * batch, 3, side, side)).astype("f4"))
goldens["common|images"] = images.numpy()
# Labels that depend on the images, so that there is something to learn.
whole = images[:, 0].mean((1, 2)).mul(20).round().long().remainder(classes)
many = (images.mean((2, 3))[:, [0, 1, 2, 0]] > 0).long()
many[:, 3] = (images[:, 0].std((1, 2)) > 1).long()
pixels = (images[:, 0] > 0).long() + 2 * (images[:, 1] > 0).long()
pixels[images[:, 2] > 1] = 255
teacher = network("plain", seed=5)


def case(name, model, labels, teacher=None, **settings):
    settings = {"optimizer": "sgd", "learningRate": 0.05, "momentum": 0.9, "weightDecay": 0.01, "schedule": "constant",
                **settings}
    losses, values = train(model, settings, images, labels, teacher)
    print(f"{name}: {losses[0]:.4f} -> {losses[-1]:.4f}")
    byte = lambda data: np.frombuffer(data, "u1")
    goldens[f"{name}|model"] = byte(model.SerializeToString())
    if teacher:
        goldens[f"{name}|teacher"] = byte(teacher.SerializeToString())
    goldens[f"{name}|settings"] = byte(json.dumps(settings).encode())
    goldens[f"{name}|labels"] = labels.numpy()
    goldens[f"{name}|losses"] = np.array(losses, "f4")
    for key, value in values.items():
        goldens[f"{name}|value {key}"] = value.numpy()


plain, norm, dense = network("plain"), network("norm"), network("pixels")
adam = dict(optimizer="adamw", learningRate=0.01)
case("SGD, weights decay", plain, whole, weightDecay=0.1)
case("SGD, all decays, Nesterov, clipped", plain, whole, decay="all", nesterov=True, clip=0.3)
case("SGD without momentum or decay", plain, whole, momentum=0.0, weightDecay=0.0, schedule="constant")
case("AdamW, weights decay", plain, whole, **adam, weightDecay=0.5)
case("AdamW, all decays, one cycle, clipped", norm, whole, **adam, decay="all", schedule="one-cycle", clip=0.2)
case("AdamW, other moments", plain, whole, **adam, beta2=0.9, epsilon=1e-3, momentum=0.5)
case("label smoothing", plain, whole, labelSmoothing=0.1)
case("binary cross-entropy of many labels", network("plain", ending="Sigmoid"), many, loss="binary-cross-entropy")
case("binary cross-entropy of one score", network("plain", 1), many[:, 0], loss="binary-cross-entropy")
case("binary cross-entropy of class numbers", plain, whole, loss="binary-cross-entropy")
case("mean squared error of class numbers", network("plain", ending="Softmax"), whole, loss="mean-squared-error",
     learningRate=0.5)
case("mean squared error of scores", plain, many, loss="mean-squared-error")
case("cross-entropy of pixels", dense, pixels, ignoreLabel=255)
case("cross-entropy of pixels, smoothed", dense, pixels.clamp(max=3), labelSmoothing=0.2)
case("distillation alone", plain, whole, teacher, distillation={"temperature": 3})
case("distillation of logits by their squares", norm, whole, network("norm", seed=6), distillation={"logits": "mse"})
case("distillation of logits and features, mixed", network("plain", ending="Softmax"), whole, teacher,
     labelSmoothing=0.1, distillation={"weight": 0.7, "features": ["r1", "c2"], "featureWeight": 0.5})
case("distillation of features alone", plain, whole, teacher, distillation={"logits": "none", "features": ["r2"]})
case("distillation of pixels, mixed", dense, pixels, network("pixels", seed=7), ignoreLabel=255,
     distillation={"weight": 0.4, "temperature": 2})
case("an average of weights and statistics", norm, whole, ema=0.5)
case("a long average, AdamW", norm, whole, **adam, ema=0.999)
case("frozen BatchNorm", norm, whole, batchNorm="frozen")
# Labels that are floats: places, as keypoints are; a map of numbers for each channel; probabilities.
places = torch.stack([images[:, 0].mean((1, 2)), images[:, 1].std((1, 2)), images[:, 2, 0, 0], images[:, 0, 7, 7]], 1)
maps = torch.cat([images.abs(), images.mean(1, keepdim=True)], 1)
soft = torch.sigmoid(3 * places)
case("mean squared error of places", plain, places.reshape(-1, 2, 2), loss="mean-squared-error", **adam)
case("mean squared error of one number", network("plain", 1), places[:, 0], loss="mean-squared-error")
case("mean squared error of maps", dense, maps, loss="mean-squared-error")
case("mean squared error of one map", network("pixels", 1), maps[:, 0], loss="mean-squared-error")
case("binary cross-entropy of probabilities", network("plain", ending="Sigmoid"), soft, loss="binary-cross-entropy")
case("numbers, and a teacher of them", plain, places, teacher, loss="mean-squared-error",
     distillation={"weight": 0.5, "logits": "mse"})
# Some of them are not known, and in one batch most are not.
some, few = maps.clone(), soft.clone()
some[images.abs().mean(1, keepdim=True).expand_as(maps) > 1] = float("nan")
few[soft > 0.9] = float("nan")
few[2 * batch:3 * batch, 1:] = float("nan")
case("mean squared error of maps with gaps", dense, some, loss="mean-squared-error")
case("binary cross-entropy with gaps", network("plain", ending="Sigmoid"), few, loss="binary-cross-entropy", ema=0.5)
write_tensors(here / "settings.safetensors", goldens)

# ---- schedules -------------------------------------------------------------------------------------------------------

schedules = []


def schedule(total, settings):
    """The rates of a scheduler, LinearLR before it where it warms up."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.02, momentum=0.9)
    rising = int(settings.get("warmUp", 0) * total + 0.5)
    rest = total - rising
    main = {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, 1.0),
        "step": lambda: lr_scheduler.MultiStepLR(
            optimizer, [int(share * rest + 0.5) for share in settings.get("milestones", [0.5, 0.75])],
            settings.get("gamma", 0.1)),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, rest, 0.02 * settings.get("floor", 0)),
    }[settings["schedule"]]()
    if rising:
        warm = lr_scheduler.LinearLR(optimizer, 1 / (rising + 1), total_iters=rising)
        main = lr_scheduler.SequentialLR(optimizer, [warm, main], [rising])
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        main.step()
    schedules.append({"total": total, "settings": settings, "rates": rates})


for total in (1, 7, 40):
    schedule(total, {"schedule": "constant"})
    schedule(total, {"schedule": "constant", "warmUp": 0.25})
    schedule(total, {"schedule": "step"})
    schedule(total, {"schedule": "step", "milestones": [0.3, 0.6, 0.9], "gamma": 0.5, "warmUp": 0.2})
    schedule(total, {"schedule": "cosine"})
    schedule(total, {"schedule": "cosine", "floor": 0.1, "warmUp": 0.1})
(here / "schedules.json").write_text(json.dumps(schedules) + "\n")
