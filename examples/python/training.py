"""An activity that trains a compressed model in PyTorch: the original's scores teach it, and labels if there are any."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from temporalio import activity

from onnx_torch import OnnxNetwork
from slimflow_files import TrainingAnswer, TrainingQuestion, images, labels, length, local_path, put_model


@activity.defn(name="distill")
def distill(question: TrainingQuestion) -> TrainingAnswer:
    """Trains by AdamW for `epochs` of the settings, and puts the model into its place."""
    data, settings = question["data"], question["settings"]
    batch = int(settings.get("batch", 64))
    student = OnnxNetwork(local_path(question["model"]))
    teacher = OnnxNetwork(local_path(question["teacher"])).requires_grad_(False)
    known = labels(data) if "labels" in data else None
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(student.parameters(), lr=float(settings.get("learningRate", 1e-4)))
    random = np.random.default_rng(0)
    losses, steps = [], 0
    for _ in range(int(settings.get("epochs", 1))):
        total = 0.0
        starts = random.permutation(np.arange(0, length(data), batch))
        for start in starts:
            # Kept alive, and cancelled, here.
            activity.heartbeat(steps)
            shown = torch.from_numpy(images(data, int(start), batch))
            scores = student(shown)
            loss = F.mse_loss(scores, teacher(shown))
            if known is not None:
                wanted = torch.from_numpy(known[start : start + batch].astype(np.int64))
                loss = loss + F.cross_entropy(scores, wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            steps += 1
        losses.append(total / len(starts))
    put_model(question["out"], student.save)
    return {"steps": steps, "losses": losses, "notes": [f"trained by PyTorch {torch.__version__}"]}
