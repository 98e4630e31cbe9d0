"""AIMET's side of bench/aimet: what it plans, scores and compresses for the digits ResNet-20. Needs aimet-torch 2.42.0.

  python3 aimet_peer.py EXAMPLES/digits FOLDER --threads 2 --targets 0.75 0.5

Weights are those of resnet20-digits.bn.onnx, images and labels those of data/*.npy: the same bytes that Slimflow reads.
Writes FOLDER/aimet.json (ranks, costs, kept channels, eval scores, runs) and FOLDER/TECHNIQUE-TARGET.onnx.
"""
import argparse
import json
import os
import pathlib
import pickle
import time
from decimal import Decimal

import numpy as np
import onnx
import torch
from aimet_torch.common.channel_pruner import select_channels_to_prune
from aimet_torch.common.cost_calculator import CostCalculator, SpatialSvdCostCalculator, WeightSvdCostCalculator
from aimet_torch.common.defs import CompressionScheme, CostMetric, GreedySelectionParameters, RankSelectScheme
from aimet_torch.compress import ModelCompressor
from aimet_torch.defs import ChannelPruningParameters, SpatialSvdParameters, WeightSvdParameters
from aimet_torch.layer_database import LayerDatabase
from torch import nn

CANDIDATES = 10
SAMPLES = 2000  # reconstruction: 10 patches of each of 200 images
SCORES = pathlib.Path("data/greedy_selection_eval_scores_dict.pkl")


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.c2, self.b2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.r1, self.r2 = nn.ReLU(), nn.ReLU()
        self.down = None
        if cin != cout:
            self.down = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.b2(self.c2(self.r1(self.b1(self.c1(x)))))
        return self.r2(y + (x if self.down is None else self.down(x)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.b, self.r = nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        pairs = list(zip(widths, widths[1:]))
        self.blocks = nn.Sequential(*(Block(cin, cout, 1 if cin == cout else 2) for cin, cout in pairs))
        self.pool, self.flat, self.fc = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.flat(self.pool(self.blocks(self.r(self.b(self.c(x)))))))


def load_model(path):
    """The network with the weights of its ONNX file, whose initializers bear PyTorch's names (some behind Identity)."""
    graph = onnx.load(path).graph
    weights = {i.name: torch.tensor(onnx.numpy_helper.to_array(i)) for i in graph.initializer}
    weights.update({n.output[0]: weights[n.input[0]] for n in graph.node if n.op_type == "Identity"})
    model = ResNet20()
    names = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    model.load_state_dict({name: weights[name] for name in names}, strict=False)
    return model.eval()


def accuracy(model, images, labels, batch=250):
    """In points."""
    model.eval()
    with torch.no_grad():
        hits = sum((model(images[i:i + batch]).argmax(1) == labels[i:i + batch]).sum().item()
                   for i in range(0, len(images), batch))
    return 100 * hits / len(images)


def planned(model, ratios):
    """Ranks and costs of both decompositions and kept channels, for each layer and candidate ratio, by AIMET's functions."""
    rows = []
    for layer in LayerDatabase(model, torch.zeros(1, 1, 28, 28)):
        is_conv = isinstance(layer.module, nn.Conv2d)
        row = {"name": layer.name, "macs": CostCalculator.compute_layer_cost(layer).mac}
        for key, calculator in (("spatial-svd", SpatialSvdCostCalculator), ("weight-svd", WeightSvdCostCalculator)):
            if is_conv or key == "weight-svd":
                ranks = [calculator.calculate_rank_given_comp_ratio(layer, ratio, CostMetric.mac) for ratio in ratios]
                costs = [calculator.calculate_cost_given_rank(layer, rank).mac for rank in ranks]
                row[key] = {"ranks": ranks, "costs": costs}
        if is_conv and layer.module.in_channels > 1:
            channels, weight = layer.module.in_channels, layer.module.weight.detach().numpy()
            pruned = [set(select_channels_to_prune(weight, ratio, channels)) for ratio in ratios]
            row["kept"] = [[c for c in range(channels) if c not in gone] for gone in pruned]
        rows.append(row)
    return rows


def parameters(model, technique, target, train, saved):
    """AIMET's settings for one run; the first convolution stays, as in Slimflow's example."""
    greedy = GreedySelectionParameters(Decimal(str(round(target, 4))), CANDIDATES, saved_eval_scores_dict=saved)
    if technique == "spatial-svd":
        auto = SpatialSvdParameters.AutoModeParams(greedy, [model.c])
        return CompressionScheme.spatial_svd, SpatialSvdParameters(SpatialSvdParameters.Mode.auto, auto)
    if technique == "weight-svd":
        auto = WeightSvdParameters.AutoModeParams(RankSelectScheme.greedy, greedy, [model.c])
        return CompressionScheme.weight_svd, WeightSvdParameters(WeightSvdParameters.Mode.auto, auto)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*train), batch_size=50, shuffle=True)
    auto = ChannelPruningParameters.AutoModeParams(greedy, [model.c])
    return CompressionScheme.channel_pruning, ChannelPruningParameters(loader, SAMPLES, True, ChannelPruningParameters.Mode.auto, auto)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--targets", type=float, nargs="+", default=[0.75, 0.5])
    parser.add_argument("--preserve", action="store_true", help="leave BatchNorm in the models, for bench/training/recovery.ts")
    parser.add_argument("--techniques", nargs="+", default=["spatial-svd", "channel-pruning", "weight-svd"])
    args = parser.parse_args()
    preserve = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if args.preserve else {}
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    images = torch.tensor(np.load(args.digits / "data" / "images.npy"))
    labels = torch.tensor(np.load(args.digits / "data" / "labels.npy").astype("i8"))
    train, val, test = ((images[a:b], labels[a:b]) for a, b in ((0, 7000), (7000, 8000), (8000, 10000)))
    source = args.digits.resolve() / "resnet20-digits.bn.onnx"
    args.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(args.folder)  # AIMET writes ./data
    ratios = [Decimal(i) / CANDIDATES for i in range(1, CANDIDATES)]
    report = {"ratios": [float(r) for r in ratios], "layers": planned(load_model(source), ratios), "scores": {}, "runs": []}

    def evaluate(model, _iterations, use_cuda=False):
        return accuracy(model, *val) / 100

    for technique in args.techniques:
        saved = None
        for target in args.targets:
            model = load_model(source)
            scheme, settings = parameters(model, technique, target, train, saved)
            start = time.time()
            small, _ = ModelCompressor.compress_model(model, evaluate, None, (1, 1, 28, 28), scheme, CostMetric.mac, settings)
            run = {"technique": technique, "target": target, "seconds": time.time() - start, "scored": saved is None}
            if saved is None:
                saved = f"{technique}.pkl"
                SCORES.rename(saved)
                scores = pickle.loads(pathlib.Path(saved).read_bytes())
                report["scores"][technique] = {
                    name: [float(row[ratio]) * 100 for ratio in ratios] for name, row in scores.items()
                }
            path = f"{technique}-{target}.onnx"
            torch.onnx.export(small.eval(), torch.zeros(2, 1, 28, 28), path, dynamo=False, opset_version=17, **preserve,
                              input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "N"}, "output": {0: "N"}})
            report["runs"].append({**run, "model": path})
            print(json.dumps({**run, "validation": accuracy(small, *val), "test": accuracy(small, *test)}), flush=True)
            pathlib.Path("aimet.partial").write_text(json.dumps(report))
    pathlib.Path("aimet.partial").rename("aimet.json")


main()
