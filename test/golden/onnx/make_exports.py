"""Exported networks without their weights, and the shapes that ONNX Runtime gives their values: exports.test.ts.

  python3 make_exports.py [FOLDER]     # needs torch, torchvision, onnx, onnxruntime

Exports each network of torchvision (untrained, seeded) by the exporter named, runs it on a batch of 2 with every value
an output, and writes exports.json.gz: [{ name, batch, model, shapes: { value: dims } }], the model in base64 with the data
of its larger weights left out: shape inference reads their shapes alone. FOLDER holds exports to be used again.
"""
import base64
import gzip
import json
import pathlib
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torchvision

warnings.filterwarnings("ignore")
NETWORKS = [
    ("shufflenet_v2_x0_5", "ts"),
    ("googlenet", "ts"),
    ("efficientnet_b0", "dyn"),
    ("mobilenet_v3_small", "dyn"),
    ("convnext_tiny", "ts"),
    ("swin_t", "ts"),
    ("swin_t", "dyn"),
    ("deeplabv3_mobilenet_v3_large", "ts"),
    ("lraspp_mobilenet_v3_large", "dyn"),
]
SIZE = 224


class Single(torch.nn.Module):
    """A network with one tensor out, as segmentation networks are not."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        y = self.network(x)
        return y["out"] if isinstance(y, dict) else y


def export(name, exporter, path):
    torch.manual_seed(0)
    options = {"init_weights": False} if name == "googlenet" else {}
    if name in torchvision.models.list_models(torchvision.models.segmentation):
        options["weights_backbone"] = None
    network = Single(torchvision.models.get_model(name, weights=None, **options)).eval()
    x = torch.randn(2, 3, SIZE, SIZE)
    if exporter == "dyn":
        batch = {"x": {0: torch.export.Dim("batch")}}
        torch.onnx.export(network, (x,), path, dynamo=True, dynamic_shapes=batch, verbose=False)
    else:
        names = {"input_names": ["x"], "output_names": ["y"]}
        axes = {"x": {0: "batch"}, "y": {0: "batch"}}
        torch.onnx.export(network, (x,), path, dynamo=False, dynamic_axes=axes, opset_version=17, **names)


def measure(path):
    model = onnx.load(path)
    values = [value for node in model.graph.node for value in node.output if value]
    declared = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(v) for v in values if v not in declared)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    run = ort.InferenceSession(model.SerializeToString(), options)
    feed = np.random.RandomState(0).rand(2, 3, SIZE, SIZE).astype("f4")
    results = run.run(values, {run.get_inputs()[0].name: feed})
    return {value: list(result.shape) for value, result in zip(values, results)}


def stripped(path):
    model = onnx.load(path)
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        tensors += [attribute.t for attribute in node.attribute if attribute.name == "value"]
        node.doc_string = ""
        del node.metadata_props[:]
    for tensor in tensors:
        if np.prod(tensor.dims) > 256:
            tensor.raw_data = b""
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    return model


kept = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
results = []
for name, exporter in NETWORKS:
    path = kept / f"{name}.{exporter}.onnx"
    if not path.exists():
        export(name, exporter, str(path))
    model = stripped(path)
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    encoded = base64.b64encode(model.SerializeToString()).decode()
    results.append({"name": f"{name} ({exporter})", "batch": batch, "model": encoded, "shapes": measure(path)})
target = pathlib.Path(__file__).with_name("exports.json.gz")
target.write_bytes(gzip.compress(json.dumps(results).encode(), 9, mtime=0))
print(len(results), "networks,", target.stat().st_size, "bytes")
