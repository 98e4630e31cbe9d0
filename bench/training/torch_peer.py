"""The peer of bench/training: the same ONNX model as PyTorch functions, trained by the same step. Needs torch and onnx.

Started as `torch_peer.py MODEL BATCH THREADS DEVICE [float32|mixed]`; for each line with a number of steps on stdin it trains that many and
prints, as JSON, their milliseconds, the process's milliseconds of CPU time for them all and its peak memory in MiB.
"""
import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from onnx_torch import Network

path, batch, threads, device = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
mixed = sys.argv[5:] == ["mixed"]
torch.set_num_threads(threads)
network = Network(path, device)
x, y = torch.rand(batch, *network.image), torch.arange(batch) % 10
optimizer = network.sgd(1e-4, 0.9, 5e-4)
scaler = torch.amp.GradScaler(device, enabled=mixed)
for line in sys.stdin:
    times, before = [], time.process_time()
    for _ in range(int(line)):
        start = time.perf_counter()
        # Images come from the processor's memory each step, and the loss goes back there, as on our side.
        with torch.autocast(device, torch.float16, enabled=mixed):
            loss = F.cross_entropy(network.forward(x.to(device)), y.to(device))
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        loss.item()
        times.append(1000 * (time.perf_counter() - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = 1000 * (time.process_time() - before)
    print(json.dumps({"times": times, "cpu": cpu, "peak": peak}), flush=True)
