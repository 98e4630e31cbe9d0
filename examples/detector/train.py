"""Trains the detector of this example from random weights, and exports it: python3 train.py (needs torch, onnx, numpy).

`node prepare.mjs` writes the data first. The network has no anchors: each cell of a grid of 12x12 says how far the sides of a box are
from its centre, and how likely each digit is there. The exported model decodes them: x [N, 1, 96, 96] to y [N, 4 + 10, 144], boxes
as x, y, w, h in pixels and scores, which is YOLOv8's form.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

here = pathlib.Path(__file__).parent
canvas, stride, classes = 96, 8, 10
cells = canvas // stride


def conv(cin, cout, kernel=3, step=1):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class Detector(nn.Module):
    def __init__(self, widths=(12, 24, 40, 48)):
        super().__init__()
        a, b, c, d = widths
        self.fine = nn.Sequential(conv(1, a, 3, 2), conv(a, b, 3, 2), conv(b, b), conv(b, c, 3, 2), conv(c, c))
        self.coarse = nn.Sequential(conv(c, d, 3, 2), conv(d, d))
        self.join = nn.Sequential(conv(c + d, c, 1), conv(c, c))
        self.sides = nn.Sequential(conv(c, c), nn.Conv2d(c, 4, 1))
        self.scores = nn.Sequential(conv(c, c), nn.Conv2d(c, classes, 1))
        nn.init.constant_(self.scores[1].bias, -4.0)
        y, x = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
        self.register_buffer("centres", stride * (torch.stack([x, y]).reshape(1, 2, -1) + 0.5))

    def heads(self, x):
        fine = self.fine(x)
        up = F.interpolate(self.coarse(fine), scale_factor=2.0)
        joined = self.join(torch.cat([fine, up], 1))
        return self.sides(joined), self.scores(joined)

    def forward(self, x):
        sides, scores = (head.flatten(2) for head in self.heads(x))
        near, far = (torch.exp(sides) * stride).chunk(2, 1)
        begin, end = self.centres - near, self.centres + far
        return torch.cat([(begin + end) / 2, end - begin, scores.sigmoid()], 1)


def load(split):
    images = torch.from_numpy(np.load(here / "data" / f"{split}-images.npy"))
    return images, torch.from_numpy(np.load(here / "data" / f"{split}-boxes.npy"))


def targets(boxes, centres):
    """For each cell the box that it belongs to: the smallest whose middle is near. Class -1 where there is none."""
    x, y = centres[0, 0], centres[0, 1]
    kind, x1, y1, x2, y2 = (boxes[..., at, None] for at in range(5))
    near = torch.maximum(((x1 + x2) / 2 - x).abs(), ((y1 + y2) / 2 - y).abs()) < 0.8 * stride
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2) & near & (kind >= 0)
    area = torch.where(inside, (x2 - x1) * (y2 - y1), torch.inf)
    best = area.argmin(1)
    found = inside.any(1)
    own = torch.gather(boxes, 1, best[..., None].expand(-1, -1, boxes.shape[2]))
    return torch.where(found, own[..., 0], -1).long(), own[..., 1:5]


def loss_of(model, images, boxes):
    sides, scores = (head.flatten(2).transpose(1, 2) for head in model.heads(images))
    kinds, wanted = targets(boxes, model.centres)
    found = kinds >= 0
    centres = model.centres[0].T
    near, far = (torch.exp(sides) * stride).chunk(2, -1)
    own = torch.cat([centres - near, centres + far], -1)[found]
    wanted = wanted[found]
    both = (torch.minimum(own[:, 2:], wanted[:, 2:]) - torch.maximum(own[:, :2], wanted[:, :2])).clamp(min=0).prod(-1)
    area = lambda box: (box[:, 2:] - box[:, :2]).prod(-1)
    union = area(own) + area(wanted) - both
    hull = (torch.maximum(own[:, 2:], wanted[:, 2:]) - torch.minimum(own[:, :2], wanted[:, :2])).prod(-1)
    overlap = both / union
    # Scores learn how well their box fits, so that the best box of a digit has the best score.
    target = torch.zeros_like(scores)
    target[found] = F.one_hot(kinds[found], classes) * overlap.detach().clamp(min=0)[:, None]
    missed = (target - scores.sigmoid()).abs() ** 2
    scored = (missed * F.binary_cross_entropy_with_logits(scores, target, reduction="none")).sum()
    boxed = (1 - overlap + (hull - union) / hull).sum()
    return (scored + 2 * boxed) / max(1, int(found.sum()))


def main(epochs=12, batch=32):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, boxes = load("train")
    model = Detector()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-3)
    steps = epochs * -(-len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(images)).split(batch):
            loss = loss_of(model, images[rows].float() / 255, boxes[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        print(f"epoch {epoch + 1}: {total / len(images):.4f}", flush=True)
    model.eval()
    torch.onnx.export(model, torch.zeros(2, 1, canvas, canvas), here / "detector.onnx", dynamo=False, opset_version=17,
                      input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})


if __name__ == "__main__":
    main()
