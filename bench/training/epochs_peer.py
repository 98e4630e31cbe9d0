"""PyTorch's side of bench/training/epochs.ts and recovery.ts: whole trainings. Needs torch, onnx and numpy.

For each line on stdin, a JSON object, it trains a model by SGD and one-cycle rates, and prints as JSON the loss of each
step, and the accuracy in points on each of `judged`:

    {"model": ONNX file, "images": .npy, "labels": .npy, "order": .npy of a row of indices an epoch, "batch": 64,
     "learningRate": 0.05, "momentum": 0.9, "weightDecay": 5e-4, "threads": 1,
     "steps": how many to do of them, or null for all, "judged": [[first row, row after the last], ...]}
"""
import json
import sys

import numpy as np
import torch
from torch.nn import functional as F

from onnx_torch import Network


def accuracy(network, images, labels, batch=250):
    with torch.no_grad():
        hits = sum((network.forward(x, training=False).argmax(1) == y).sum().item()
                   for x, y in zip(images.split(batch), labels.split(batch)))
    return 100 * hits / len(images)


def train(job):
    torch.set_num_threads(job["threads"])
    images = torch.tensor(np.load(job["images"]))
    labels = torch.tensor(np.load(job["labels"]).astype("i8"))
    network = Network(job["model"])
    batches = [rows for epoch in torch.tensor(np.load(job["order"])).long() for rows in epoch.split(job["batch"])]
    rate, momentum = job["learningRate"], job["momentum"]
    optimizer = network.sgd(rate, momentum, job["weightDecay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=len(batches), base_momentum=momentum - 0.05, max_momentum=momentum + 0.05)
    losses = []
    for rows in batches[:job["steps"]]:
        loss = F.cross_entropy(network.forward(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return {"losses": losses, "accuracies": [accuracy(network, images[a:b], labels[a:b]) for a, b in job["judged"]]}


for line in sys.stdin:
    print(json.dumps(train(json.loads(line))), flush=True)
