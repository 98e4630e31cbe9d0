"""Exports the zoo: every architecture with seeded weights, by both of PyTorch's exporters, batch left open; downloads nothing.

  python3 test/zoo/make_zoo.py --width small --out test/zoo/models
  python3 test/zoo/make_zoo.py --width full --out FOLDER [--only NAME …] [--list]

Needs torch, torchvision, timm, onnx, onnxscript and onnxruntime from PyPI. Files are NAME-torchscript.onnx and
NAME-dynamo.onnx; one that is there already is left as it is. Fails where outputs are not finite or do not vary.
"""
import argparse
import contextlib
import io
import logging
import pathlib
import sys
import warnings
import zlib

import numpy as np
import onnx
import onnxruntime as ort
import torch

from architectures import architectures
from keras_like import keras_like
from seeded import calibrate, seed_weights


def export(model, x, path, exporter, opset, keep_norm):
    """Writes `model` by the named exporter, its first dimension open."""
    if exporter == "dynamo":
        shapes = ({0: torch.export.Dim("N", min=1, max=4096)},)
        torch.onnx.export(model, (x,), path, dynamo=True, dynamic_shapes=shapes, external_data=False, input_names=["x"])
        return
    names = ["y"] if torch.is_tensor(model(x)) else [f"y{i}" for i in range(len(model(x)))]
    mode = torch.onnx.TrainingMode.PRESERVE if keep_norm else torch.onnx.TrainingMode.EVAL
    axes = {name: {0: "N"} for name in ("x", *names)}
    torch.onnx.export(
        model, (x,), path, dynamo=False, opset_version=opset, training=mode, do_constant_folding=True,
        input_names=["x"], output_names=names, dynamic_axes=axes,
    )


def strip(path):
    """Takes the exporter's notes on its Python source out of a file: half of a small model's bytes."""
    model = onnx.load(path)
    for thing in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        thing.ClearField("metadata_props")
        thing.ClearField("doc_string")
    onnx.save(model, path)


def check(path, seed):
    """Runs the file at batches 1 and 3. Returns how far outputs vary between inputs, relative to their size."""
    run = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    name, dims = run.get_inputs()[0].name, run.get_inputs()[0].shape
    x = np.random.RandomState(seed).randn(3, *dims[1:]).astype("f4")
    run.run(None, {name: x[:1]})
    spread = []
    for y in run.run(None, {name: x}):
        assert np.isfinite(y).all(), "outputs are not finite"
        spread.append(float((y - y.mean(0)).std() / (y.std() + 1e-12)))
    assert min(spread) > 1e-3, f"outputs hardly vary: {spread}"
    return min(spread)


def make(name, exporter, width, path):
    """Builds, seeds, calibrates, exports and checks one model."""
    seed = zlib.crc32(name.encode()) % 10_000
    if name == "keras_like":
        onnx.save(keras_like(*((64, 128, 100) if width == "full" else (8, 32, 10)), seed), path)
        return check(path, seed)
    row = architectures[name]
    shape = row.shape if width == "full" else row.small_shape
    torch.manual_seed(seed)
    model = (row.full if width == "full" else row.small)()
    seed_weights(model, seed)
    calibrate(model, shape, seed)
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))
    export(model, x, path, exporter, row.opset, row.keep_norm)
    if width == "small":
        strip(path)
    return check(path, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", choices=("full", "small"), default="small")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", help="names of architectures or of files without .onnx")
    parser.add_argument("--list", action="store_true", help="print the names of the files and end")
    parser.add_argument("--force", action="store_true", help="export again what is there")
    args = parser.parse_args()
    jobs = [(name, by) for name, row in architectures.items() for by in ("torchscript", "dynamo")
            if args.width == "full" or by in row.small_by]
    jobs.append(("keras_like", "helper"))
    jobs = [(n, by) for n, by in jobs if not args.only or {n, f"{n}-{by}"} & set(args.only)]
    if args.list:
        print("\n".join(f"{name}-{by}" for name, by in jobs))
        return 0
    if not args.out or not jobs:
        parser.error("--out is missing" if jobs else f"no architecture is named {args.only}")
    args.out.mkdir(parents=True, exist_ok=True)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    failed = 0
    for name, by in jobs:
        path = args.out / f"{name}-{by}.onnx"
        if path.exists() and not args.force:
            continue
        partial = path.with_suffix(".partial")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                spread = make(name, by, args.width, str(partial))
            partial.rename(path)
            print(f"{path.stem}: {path.stat().st_size / 1024:.0f} KiB, outputs vary by {spread:.2g}", flush=True)
        except Exception as error:
            failed += 1
            partial.unlink(missing_ok=True)
            print(f"{path.stem}: FAILED: {type(error).__name__}: {str(error)[:600]}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
