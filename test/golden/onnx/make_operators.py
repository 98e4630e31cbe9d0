"""Single-operator models with the shapes that ONNX Runtime gives their values, for test/engine/onnx/operators.test.ts.

  python3 make_operators.py            # needs numpy, onnx, onnxruntime

Writes operators.json: [{ name, model (base64 of the .onnx), shapes: { value: dims at a batch of 2 } }]. Inputs have the
open batch `n` where the first dimension is "n". Every model passes onnx.checker with full checks.
"""
import base64
import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

CASES = []


def i64(*values):
    return np.array(values, np.int64)


def f32(*dims):
    return np.random.RandomState(0).rand(*dims).astype(np.float32)


def case(name, nodes, x=("n", 4, 6, 6), constants=None, opset=18, outputs=("y",), inputs=None, kind=np.float32, more=None):
    """`nodes`: (operator, inputs, outputs, attributes) each; `constants` by name."""
    CASES.append((name, nodes, x, constants or {}, opset, outputs, kind, more or {}))


def one(op, constants=None, x=("n", 4, 6, 6), opset=18, outputs=("y",), name=None, kind=np.float32, more=None, **attributes):
    """One node reading x and then the constants, in their order; a name of spaces stands for an input left out."""
    constants = constants or {}
    inputs = ["x"] + [c.strip() for c in (more or {})] + [c.strip() for c in constants]
    kept = {k: v for k, v in constants.items() if k.strip()}
    case(name or op, [(op, inputs, list(outputs), attributes)], x, kept, opset, outputs, kind=kind, more=more)


# Convolutions and pools
w = f32(8, 4, 3, 3)
one("Conv", {"w": w})
one("Conv", {"w": w}, name="Conv asymmetric", pads=[0, 1, 2, 0], strides=[2, 1], dilations=[1, 2])
for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    one("Conv", {"w": w}, name=f"Conv {pad}", x=("n", 4, 7, 9), auto_pad=pad, strides=[2, 3])
one("Conv", {"w": f32(8, 2, 3, 3)}, name="Conv grouped", group=2)
one("Conv", {"w": f32(8, 4, 5)}, name="Conv 1-D", x=("n", 4, 20), strides=[3], pads=[2, 1])
one("Conv", {"w": f32(8, 4, 3, 3, 3)}, name="Conv 3-D", x=("n", 4, 5, 6, 7), pads=[1] * 6)
wt = f32(4, 3, 3, 2)
one("ConvTranspose", {"w": wt}, strides=[2, 3], pads=[1, 0, 1, 1], output_padding=[1, 0], group=2)
one("ConvTranspose", {"w": wt}, name="ConvTranspose output_shape", strides=[2, 2], output_shape=[12, 12])
one("ConvTranspose", {"w": wt}, name="ConvTranspose SAME_UPPER", strides=[2, 2], auto_pad="SAME_UPPER")
one("ConvTranspose", {"w": wt}, name="ConvTranspose dilated", dilations=[2, 1])
for op in ("MaxPool", "AveragePool", "LpPool"):
    one(op, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 1])
    one(op, name=f"{op} ceil", x=("n", 4, 7, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=19)
    one(op, name=f"{op} ceil starting in the pad", x=("n", 4, 6, 5), kernel_shape=[1, 3], strides=[2, 4], pads=[0, 1, 0, 1], ceil_mode=1, opset=19)
    one(op, name=f"{op} SAME_UPPER", x=("n", 4, 7, 8), kernel_shape=[3, 3], strides=[2, 3], auto_pad="SAME_UPPER")
    one(op, name=f"{op} dilated", kernel_shape=[2, 3], dilations=[2, 2], opset=19)
one("MaxPool", outputs=("y", "indices"), name="MaxPool indices", kernel_shape=[2, 2])
for op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
    one(op)
one("GridSample", {"grid": f32(2, 5, 3, 2)}, x=(2, 4, 6, 6))
one("RoiAlign", {"rois": f32(7, 4), "batch": i64(*[0] * 7)}, output_height=3, output_width=2)
# Matrices
one("Gemm", {"b": f32(6, 5)}, x=("n", 6))
one("Gemm", {"b": f32(5, 6), "c": f32(5)}, x=("n", 6), name="Gemm transB", transB=1)
one("Gemm", {"b": f32(2, 5)}, x=(2, 6), name="Gemm transA", transA=1)
one("MatMul", {"b": f32(6, 5)})
one("MatMul", {"b": f32(6)}, name="MatMul vector")
one("MatMul", {"b": f32(3, 1, 6, 5)}, x=(3, 2, 4, 6), name="MatMul batches")
case("MatMul constant left", [("MatMul", ["w", "x"], ["y"], {})], ("n", 6, 5), {"w": f32(3, 6)})
case("Einsum", [("Einsum", ["x", "w"], ["y"], {"equation": "bchw,cd->bdhw"})], constants={"w": f32(4, 7)})
one("LSTM", {"w": f32(2, 12, 6), "r": f32(2, 12, 3)}, x=(5, "n", 6), outputs=("y", "hidden", "cell"), hidden_size=3, direction="bidirectional")
one("GRU", {"w": f32(1, 9, 6), "r": f32(1, 9, 3)}, x=(5, "n", 6), outputs=("y", "hidden"), hidden_size=3)
# Pointwise and normalization
for op in "Relu LeakyRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign ThresholdedRelu Mish Erf Exp Log Sqrt Abs Neg Reciprocal Floor Ceil Round Sign Identity Softmax LogSoftmax Hardmax Shrink LpNormalization Sin Cos IsNaN Dropout".split():
    one(op)
one("Gelu", opset=20)
one("Swish", opset=24)
one("LRN", size=3)
one("Clip", {"lo": np.float32(0), "hi": np.float32(6)})
one("PRelu", {"slope": f32(4, 1, 1)})
one("CumSum", {"axis": np.int64(1)})
one("Trilu")
one("Cast", to=T.INT32)
one("CastLike", {"t": i64(1)}, opset=19)
one("Dropout", outputs=("y", "mask"), name="Dropout mask")
c4 = {"scale": f32(4), "bias": f32(4)}
one("BatchNormalization", {**c4, "mean": f32(4), "var": f32(4)})
one("BatchNormalization", {**c4, "mean": f32(4), "var": f32(4)}, name="BatchNormalization opset 11", opset=11)
one("InstanceNormalization", c4)
one("LayerNormalization", {"scale": f32(6)}, outputs=("y", "mean", "inv"))
one("LayerNormalization", {"scale": f32(4, 6, 6)}, name="LayerNormalization axis 1", outputs=("y", "mean"), axis=1)
one("GroupNormalization", c4, opset=21, num_groups=2)
one("RMSNormalization", {"scale": f32(6)}, opset=23)
for op in "Add Sub Mul Div Pow Max Min Sum Mean PRelu".split():
    one(op, {"b": f32(4, 1, 6)}, name=f"{op} broadcast")
for op in "Equal Greater GreaterOrEqual Less LessOrEqual".split():
    one(op, {"b": f32(1, 1, 6)}, name=f"{op} broadcast")
one("Add", {"b": f32(3, 4, 6, 6)}, x=(1, 1, 6, 6), name="Add grows")
case("Where", [("Greater", ["x", "z"], ["c"], {}), ("Where", ["c", "x", "b"], ["y"], {})], constants={"z": np.float32(0), "b": f32(5, 1, 1, 1, 1)})
case("And Or Xor Not", [("Greater", ["x", "z"], ["c"], {}), ("Not", ["c"], ["d"], {}), ("And", ["c", "d"], ["e"], {}), ("Xor", ["e", "c"], ["y"], {})], constants={"z": f32(6, 1)})
# Moves
one("Slice", {"a": i64(1, -1), "b": i64(9, -99), "c": i64(2, 3), "d": i64(2, -1)})
one("Slice", {"a": i64(0), "b": i64(2**63 - 1)}, name="Slice all of the batch")
one("Slice", {"a": i64(-3), "b": i64(-1), "c": i64(-2)}, name="Slice negative axis")
one("Split", {"s": i64(1, 3)}, outputs=("y", "z"), axis=1)
one("Split", outputs=("y", "z", "v"), name="Split num_outputs", axis=-1, num_outputs=3, x=("n", 4, 6, 7))
one("Split", outputs=("y", "z"), name="Split opset 11", axis=1, split=[3, 1], opset=11)
one("Gather", {"i": np.int64(2)}, axis=3)
one("Gather", {"i": np.zeros((2, 3), np.int64)}, name="Gather matrix", axis=-2)
one("GatherElements", {"i": np.zeros((2, 4, 1, 6), np.int64)}, x=(2, 4, 6, 6), axis=2)
one("GatherND", {"i": np.zeros((2, 3, 1), np.int64)}, x=(2, 4, 6, 6), batch_dims=1)
one("ScatterND", {"i": np.zeros((1, 1), np.int64), "u": f32(1, 4, 6, 6)}, x=(2, 4, 6, 6))
one("Compress", {"c": np.array([True, False, True, True])}, axis=1)
one("Tile", {"r": i64(1, 2, 3, 1)})
one("Expand", {"s": i64(5, 1, 4, 6, 1)})
case("Concat", [("Concat", ["x", "b", "x"], ["y"], {"axis": -2})], (2, 4, 6, 6), {"b": f32(2, 4, 3, 6)})
one("Pad", {"p": i64(0, 1, 2, 0, 0, 0, 1, 3)})
one("Pad", {"p": i64(1, -2, 3, 0), "v": np.float32(0), "a": i64(2, -1)}, name="Pad axes")
one("DepthToSpace", blocksize=2)
one("SpaceToDepth", blocksize=2)
one("TopK", {"k": i64(3)}, outputs=("y", "i"), axis=2)
one("OneHot", {"d": i64(9), "v": f32(2)}, x=("n", 5), kind=np.int64, axis=1)
one("NonZero")
one("CenterCropPad", {"s": i64(4, 9)}, axes=[2, 3])
one("Trilu", name="Trilu lower", upper=0)
case("NonMaxSuppression", [("Slice", ["x", "a", "b", "c"], ["boxes"], {}), ("NonMaxSuppression", ["boxes", "scores"], ["y"], {})], (2, 5, 6), {"a": i64(0), "b": i64(4), "c": i64(2), "scores": f32(2, 3, 5)})
# Resize
one("Resize", {" ": None, "s": np.array([1, 1, 2, 1.5], np.float32)}, name="Resize scales")
one("Resize", {" ": None, "s": np.array([1, 1, 0.7, 1.1], np.float32)}, name="Resize rounding", x=("n", 4, 10, 10))
one("Resize", {" ": None, "  ": None, "z": i64(2, 4, 9, 11)}, x=(2, 4, 6, 6), name="Resize sizes")
one("Resize", {" ": None, "  ": None, "z": i64(9, 11)}, name="Resize axes", axes=[2, 3])
for policy in ("not_larger", "not_smaller"):
    one("Resize", {" ": None, "  ": None, "z": i64(7, 20)}, name=f"Resize {policy}", axes=[3, 2], keep_aspect_ratio_policy=policy, x=("n", 4, 9, 5))
# Shapes
one("Flatten")
for axis in (0, 2, 4, -1):
    one("Flatten", name=f"Flatten {axis}", axis=axis)
one("Reshape", {"s": i64(0, -1)})
one("Reshape", {"s": i64(-1, 2, 3)}, name="Reshape over the batch")
one("Reshape", {"s": i64(0, 2, -1, 0)}, name="Reshape zeros")
one("Reshape", {"s": i64(2, 0, 4)}, name="Reshape allowzero", x=(2, 0, 4), allowzero=1)
one("Transpose")
one("Transpose", name="Transpose perm", perm=[0, 2, 3, 1])
one("Squeeze", {"a": i64(2, -1)}, x=("n", 4, 1, 1))
one("Squeeze", x=(2, 4, 1, 1), name="Squeeze all")
one("Squeeze", x=("n", 4, 1, 1), name="Squeeze opset 11", axes=[2], opset=11)
one("Unsqueeze", {"a": i64(-1, 0)})
one("Unsqueeze", name="Unsqueeze opset 11", axes=[1, 5], opset=11)
for op in "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split():
    one(op, {"a": i64(-1, 1)}, keepdims=0)
    one(op, {"a": i64(2)}, name=f"{op} keep")
one("ReduceMean", name="ReduceMean opset 11", axes=[2, 3], opset=11)
one("ReduceSum", name="ReduceSum of all", keepdims=0)
one("ReduceSum", name="ReduceSum of none", noop_with_empty_axes=1)
one("ArgMax", axis=1)
one("ArgMin", name="ArgMin no keep", axis=-1, keepdims=0)
one("Shape")
one("Shape", name="Shape part", start=1, end=-1)
one("Size")
one("EyeLike", x=(4, 4))
case("Range", [("Range", ["a", "b", "c"], ["y"], {})], constants={"a": np.int64(2), "b": np.int64(9), "c": np.int64(3)})
case("ConstantOfShape", [("Shape", ["x"], ["s"], {}), ("ConstantOfShape", ["s"], ["y"], {})])
# Shape arithmetic, as exporters write it
case("view(n, -1)", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "i"], ["n"], {}), ("Unsqueeze", ["n", "a"], ["u"], {}), ("Concat", ["u", "m"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"], {})], constants={"i": np.int64(0), "a": i64(0), "m": i64(-1)})
case("view(n * 4, -1)", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "i"], ["n"], {}), ("Mul", ["n", "f"], ["q"], {}), ("Concat", ["q", "m"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["v"], {}), ("Concat", ["n", "k"], ["t2"], {"axis": 0}), ("Reshape", ["v", "t2"], ["y"], {})], constants={"i": i64(0), "f": i64(4), "m": i64(-1), "k": i64(4, 36)})
case("expand_as through Where", [("Shape", ["x"], ["s"], {}), ("Equal", ["s", "m"], ["e"], {}), ("Where", ["e", "o", "s"], ["t"], {}), ("Expand", ["b", "t"], ["y"], {})], constants={"m": i64(-1), "o": i64(1), "b": f32(1, 4, 1, 1)})
case("interpolate by computed sizes", [("Shape", ["x"], ["s"], {"start": 2}), ("Cast", ["s"], ["f"], {"to": T.FLOAT}), ("Mul", ["f", "k"], ["g"], {}), ("Floor", ["g"], ["h"], {}), ("Cast", ["h"], ["d"], {"to": T.INT64}), ("Shape", ["x"], ["r"], {"end": 2}), ("Concat", ["r", "d"], ["t"], {"axis": 0}), ("Resize", ["x", "", "", "t"], ["y"], {})], constants={"k": np.float32(1.5)})
case("chunk by computed ends", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "i"], ["c"], {}), ("Add", ["c", "i"], ["p"], {}), ("Div", ["p", "two"], ["q"], {}), ("Slice", ["x", "q", "c", "i"], ["y"], {})], constants={"i": i64(1), "two": i64(2)})
case("channel shuffle", [("Reshape", ["x", "a"], ["p"], {}), ("Transpose", ["p"], ["q"], {"perm": [0, 2, 1, 3, 4]}), ("Reshape", ["q", "b"], ["y"], {})], constants={"a": i64(0, 2, 2, 6, 6), "b": i64(0, 4, 6, 6)})
case("flatten by ReduceProd", [("Shape", ["x"], ["s"], {"start": 1}), ("ReduceProd", ["s"], ["k"], {"keepdims": 1}), ("Concat", ["m", "k"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"], {})], constants={"m": i64(-1)})
case("shape split and joined", [("Shape", ["x"], ["s"], {}), ("Split", ["s", "p"], ["a", "b"], {"axis": 0}), ("Concat", ["a", "k"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"], {})], constants={"p": i64(2, 2), "k": i64(36)})


def build(name, nodes, x, constants, opset, outputs, kind, more):
    made = [h.make_node(op, i, o, name=f"{op}_{at}", **attributes) for at, (op, i, o, attributes) in enumerate(nodes)]
    tensors = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    values = [v for _, _, o, _ in nodes for v in o]
    element = h.np_dtype_to_tensor_dtype(np.dtype(kind))
    graph = h.make_graph(made, name, [h.make_tensor_value_info("x", element, x)], [], tensors)
    graph.output.extend(h.make_empty_tensor_value_info(v) for v in values)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=8)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    run = ort.InferenceSession(model.SerializeToString(), options)
    feed = (np.random.RandomState(1).rand(*[2 if d == "n" else d for d in x]) * 4).astype(kind)
    results = run.run(values, {"x": feed})
    shapes = {v: list(r.shape) for v, r in zip(values, results)}
    del graph.output[:]
    del model.graph.output[:]
    by_type = {v: h.np_dtype_to_tensor_dtype(r.dtype) for v, r in zip(values, results)}
    model.graph.output.extend(h.make_tensor_value_info(v, by_type[v], [None] * len(shapes[v])) for v in outputs)
    onnx.checker.check_model(model, full_check=True)
    return {"name": name, "model": base64.b64encode(model.SerializeToString()).decode(), "shapes": shapes}


results, failed = [], []
for entry in CASES:
    try:
        results.append(build(*entry))
    except Exception as error:
        failed.append((entry[0], str(error)[:200]))
for name, why in failed:
    print("left out:", name, "-", why)
names = [r["name"] for r in results]
assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
target = pathlib.Path(__file__).with_name("operators.json")
target.write_text("[\n" + ",\n".join(json.dumps(r) for r in results) + "\n]\n")
print(len(results), "cases,", target.stat().st_size, "bytes")
