"""Judges a compressed model without any of Slimflow's code.

  python3 check.py ORIGINAL.onnx COMPRESSED.onnx

Prints one JSON object: MACs of both, their ratio, parameters' ratio, `cosine` of the first outputs, `problems`. Needs numpy,
onnx and onnxruntime. Checked: onnx.checker with full checks; plain ONNX Runtime takes batches of 1 and 3; output names and
shapes are the original's; outputs are finite. MACs are counted with the shapes of a real run: Conv is weights x output
positions, ConvTranspose weights x input positions, Gemm and MatMul with a constant operand weights x rows.
"""
import json
import math
import sys

import numpy as np
import onnx
import onnxruntime as ort

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def session(model):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def images(run, batch):
    """Seeded inputs [batch, ...] by name."""
    random = np.random.RandomState(batch)
    return {i.name: random.randn(batch, *i.shape[1:]).astype("f4") for i in run.get_inputs()}


def count(path):
    """(MACs of one sample, elements of all initializers)"""
    model = onnx.load(path)
    graph = model.graph
    weights = {i.name: tuple(i.dims) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            weights.update({node.output[0]: tuple(a.t.dims) for a in node.attribute if a.name == "value"})
    layers = [n for n in graph.node if n.op_type in LAYERS and any(i in weights for i in n.input[:2])]
    shown = {o.name for o in graph.output} | {i.name for i in graph.input} | set(weights)
    wanted = {name for n in layers for name in (n.input[0], n.output[0])} - shown
    graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in sorted(wanted))
    run = session(model.SerializeToString())
    feed = images(run, 1)
    shapes = {name: value.shape for name, value in feed.items()}
    shapes.update((o.name, v.shape) for o, v in zip(run.get_outputs(), run.run(None, feed)))
    macs = 0
    for node in layers:
        elements = math.prod(weights[next(i for i in node.input[:2] if i in weights)])
        shape = shapes[node.input[0] if node.op_type == "ConvTranspose" else node.output[0]]
        macs += elements * math.prod(shape[2:] if node.op_type.startswith("Conv") else shape[1:-1])
    return macs, sum(map(math.prod, weights.values()))


def compare(original, compressed):
    """(problems, cosine of the first outputs at batch 3)"""
    problems, cosine = [], None
    try:
        onnx.checker.check_model(compressed, full_check=True)
    except Exception as error:
        problems.append(f"onnx.checker: {str(error)[:200]}")
    before, after = session(original), session(compressed)
    if [o.name for o in before.get_outputs()] != [o.name for o in after.get_outputs()]:
        problems.append("the outputs have other names")
    for batch in (1, 3):
        feed = images(before, batch)
        a, b = before.run(None, feed), after.run(None, feed)
        if [y.shape for y in a] != [y.shape for y in b]:
            problems.append(f"output shapes differ at batch {batch}")
            continue
        if not all(np.isfinite(y).all() for y in b):
            problems.append(f"outputs are not finite at batch {batch}")
        x, y = a[0].ravel().astype("f8"), b[0].ravel().astype("f8")
        cosine = float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-30))
    return problems, cosine


def main(original, compressed):
    (macs0, params0), (macs1, params1) = count(original), count(compressed)
    problems, cosine = compare(original, compressed)
    print(json.dumps({"macs": macs1, "macsOriginal": macs0, "ratio": macs1 / macs0, "params": params1 / params0,
                      "cosine": cosine, "problems": problems}))


main(*sys.argv[1:3])
