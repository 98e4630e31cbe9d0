"""Single-operator models of operator sets 7 to 10 and what ONNX Runtime computes of them, for
test/engine/onnx/rewrites/raise-opset.test.ts.

  python3 make_raised.py            # needs numpy, onnx, onnxruntime

Writes raised.json: [{ name, model (base64 of the .onnx), feeds: { input: { dims, values } }, outputs: [{ dims, values }] }],
values being base64 of float32.
onnx's own version converter raises each model as well, and ONNX Runtime must compute the same of that; those that the
converter can't raise, or raises wrongly, are listed in `unconverted`.
"""
import base64
import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh
from onnx import version_converter

ort.set_default_logger_severity(4)
N = h.make_node
rng = np.random.RandomState(0)
f32 = lambda *dims: (rng.rand(*dims) * 4 - 2).astype("f4")
CASES = []


def case(name, opset, nodes, constants=None, x=(2, 3, 4, 5), outputs=("y",), more=None, kind="f4", out=None):
    """`nodes` between x and the outputs; `constants` are initializers, `more` are further inputs."""
    CASES.append((name, opset, nodes, constants or {}, x, outputs, more or {}, kind, out or {}))


for opset in (7, 8, 9, 10):
    case(f"Clip {opset}", opset, [N("Clip", ["x"], ["y"], min=-0.5, max=1.0)])
    case(f"Clip {opset}, min alone", opset, [N("Clip", ["x"], ["y"], min=0.25)])
    case(f"Clip {opset}, max alone", opset, [N("Clip", ["x"], ["y"], max=0.25)])
    case(f"Pad {opset}", opset, [N("Pad", ["x"], ["y"], pads=[0, 1, 2, 0, 0, 0, 1, 3], value=0.5)])
    case(f"Pad {opset}, zeros", opset, [N("Pad", ["x"], ["y"], pads=[0, 0, 1, 1, 0, 0, 1, 1])])
    case(f"Pad {opset} reflect", opset, [N("Pad", ["x"], ["y"], mode="reflect", pads=[0, 0, 1, 1, 0, 0, 2, 1])])
    case(f"Pad {opset} edge", opset, [N("Pad", ["x"], ["y"], mode="edge", pads=[0, 0, 1, 1, 0, 0, 2, 1])])
    case(f"Dropout {opset}", opset, [N("Dropout", ["x"], ["y", "mask"], ratio=0.3)])
    c = {k: f32(3) for k in ("s", "b", "m")} | {"v": f32(3) ** 2 + np.float32(0.1)}
    case(f"BatchNormalization {opset}", opset, [N("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=1e-3)], c)
    case(f"GlobalAveragePool and Gemm {opset}", opset, [N("GlobalAveragePool", ["x"], ["p"]), N("Flatten", ["p"], ["f"]), N("Gemm", ["f", "w", "b"], ["y"], transB=1)], {"w": f32(7, 3), "b": f32(7)})
    case(f"Softmax {opset}", opset, [N("Softmax", ["x"], ["y"], axis=2)])
    case(f"Conv and MaxPool {opset}", opset, [N("Conv", ["x", "w"], ["a"], pads=[1] * 4), N("MaxPool", ["a"], ["y"], kernel_shape=[2, 2], strides=[2, 2])], {"w": f32(4, 3, 3, 3)})
    case(f"ConvTranspose {opset}", opset, [N("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], pads=[1] * 4)], {"w": f32(3, 4, 3, 3)})
    one = lambda name: h.make_graph([N("Clip", ["x"], [name], min=0.0, max=6.0)], name, [], [h.make_tensor_value_info(name, T.FLOAT, None)])
    case(f"Clip in If {opset}", opset, [N("ReduceSum", ["x"], ["s"], keepdims=0), N("Greater", ["s", "zero"], ["up"]), N("If", ["up"], ["y"], then_branch=one("t"), else_branch=one("u"))], {"zero": np.float32(0)})
for opset in (7, 8):
    c = {k: f32(3, 4, 5) for k in ("s", "b", "m")} | {"v": f32(3, 4, 5) ** 2 + np.float32(0.1)}
    case(f"BatchNormalization {opset}, not spatial", opset, [N("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], spatial=0)], c)
    c = {k: f32(3) for k in ("s", "b", "m")} | {"v": f32(3) ** 2 + np.float32(0.1)}
    case(f"BatchNormalization {opset}, spatial", opset, [N("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], spatial=1)], c)
    for mode in ("nearest", "linear"):
        case(f"Upsample {opset} {mode}", opset, [N("Upsample", ["x"], ["y"], mode=mode, scales=[1.0, 1.0, 2.0, 2.5])])
for opset in (7, 8, 9):
    case(f"Slice {opset}", opset, [N("Slice", ["x"], ["y"], starts=[1, -4], ends=[3, 1000], axes=[2, 3])])
    case(f"Slice {opset} without axes", opset, [N("Slice", ["x"], ["y"], starts=[0, 1], ends=[2, -1])])
    case(f"TopK {opset}", opset, [N("TopK", ["x"], ["y", "places"], axis=2, k=2)], outputs=("y",))
for mode in ("nearest", "linear"):
    case(f"Upsample 9 {mode}", 9, [N("Upsample", ["x", "k"], ["y"], mode=mode)], {"k": np.array([1, 1, 2, 2.5], "f4")})
    case(f"Upsample 9 {mode}, scales in a Constant", 9, [N("Constant", [], ["k"], value=nh.from_array(np.array([1, 1, 3, 2], "f4"))), N("Upsample", ["x", "k"], ["y"], mode=mode)])
    case(f"Resize 10 {mode}", 10, [N("Resize", ["x", "k"], ["y"], mode=mode)], {"k": np.array([1, 1, 2, 2.5], "f4")})
    case(f"Resize 10 {mode} to less", 10, [N("Resize", ["x", "k"], ["y"], mode=mode)], {"k": np.array([1, 1, 0.5, 0.6], "f4")}, x=(2, 3, 9, 10))
case("Upsample 9 nearest, computed scales", 9, [N("Mul", ["k", "two"], ["l"]), N("Upsample", ["x", "l"], ["y"])], {"k": np.array([0.5, 0.5, 1.5, 1], "f4"), "two": np.float32(2)})
case("Slice 10", 10, [N("Slice", ["x", "s", "e", "a", "p"], ["y"])], {"s": np.array([1]), "e": np.array([4]), "a": np.array([3]), "p": np.array([2])})
case("TopK 10", 10, [N("TopK", ["x", "k"], ["y", "places"], axis=-1)], {"k": np.array([3])})
for opset in (9, 10):
    case(f"Scatter {opset}", opset, [N("Scatter", ["x", "at", "new"], ["y"], axis=1)], {"at": np.array([[0, 2], [1, 0]]), "new": f32(2, 2)}, x=(2, 3))
    case(f"OneHot {opset}", opset, [N("Cast", ["x"], ["i"], to=T.INT64), N("OneHot", ["i", "depth", "values"], ["y"], axis=1)], {"depth": np.array([4]), "values": np.array([0, 1], "f4")}, x=(2, 3))
body = h.make_graph([N("Clip", ["e"], ["o"], min=-1.0, max=1.0)], "body", [h.make_tensor_value_info("e", T.FLOAT, [3])], [h.make_tensor_value_info("o", T.FLOAT, [3])])
case("Scan 9", 9, [N("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)], x=(4, 3))


def run(model, feeds):
    return ort.InferenceSession(model.SerializeToString()).run(None, feeds)


def told(array):
    return {"dims": list(array.shape), "values": base64.b64encode(array.astype("<f4").tobytes()).decode()}


results, unconverted = [], []
for name, opset, nodes, constants, x, outputs, more, kind, out in CASES:
    initializers = [nh.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, list(x))], [h.make_tensor_value_info(o, T.FLOAT, None) for o in outputs], initializers)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=4)
    feeds = {"x": f32(*x)}
    expected = run(model, feeds)
    try:
        converted = run(version_converter.convert_version(onnx.shape_inference.infer_shapes(model), 11), feeds)
        assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(expected, converted)), "computes another result"
    except Exception as error:
        unconverted.append(f"{name}: {str(error).splitlines()[0][:120]}")
    results.append({"name": name, "model": base64.b64encode(model.SerializeToString()).decode(),
                    "feeds": {k: told(v) for k, v in feeds.items()}, "outputs": [told(v) for v in expected]})
target = pathlib.Path(__file__).with_name("raised.json")
body = ",\n".join(json.dumps(r) for r in results)
target.write_text('{ "unconverted": ' + json.dumps(unconverted, indent=2) + ',\n"cases": [\n' + body + "\n] }\n")
print(len(results), "cases,", target.stat().st_size, "bytes; not by the converter:", *unconverted, sep="\n")
