"""A worker that judges models for Slimflow, and trains them if PyTorch is installed.

    pip install -r requirements.txt
    python worker.py --address 127.0.0.1:7233 --task-queue python
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from slimflow_files import Answer, Question, images, labels, length, local_path


@activity.defn(name="balancedAccuracy")
def balanced_accuracy(question: Question) -> Answer:
    """The mean over classes of the share of their samples that are recognized, in points."""
    model, data = question["model"], question["data"]
    batch = int(question["settings"].get("batch", 100))
    session = onnxruntime.InferenceSession(str(local_path(model)))
    (first, *_) = session.get_inputs()
    wanted = labels(data)
    found = np.empty_like(wanted)
    for start in range(0, length(data), batch):
        # A cancelled run, or a worker that is being stopped, is noticed here.
        activity.heartbeat(start)
        (scores, *_) = session.run(None, {first.name: images(data, start, batch)})
        found[start : start + batch] = scores.argmax(axis=1)
    classes = np.unique(wanted)
    shares = [float((found[wanted == one] == one).mean()) for one in classes]
    variances = [share * (1 - share) / int((wanted == one).sum()) for share, one in zip(shares, classes)]
    return {
        "points": 100 * float(np.mean(shares)),
        "standardError": 100 * float(np.sqrt(np.sum(variances))) / len(classes),
        "samples": len(wanted),
        "details": {"byClass": {str(one): round(100 * share, 2) for one, share in zip(classes, shares)}},
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="127.0.0.1:7233")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--task-queue", default="python")
    options = parser.parse_args()
    client = await Client.connect(options.address, namespace=options.namespace)
    activities = [balanced_accuracy]
    try:
        from training import distill

        activities.append(distill)
    except ImportError:
        print("without torch and onnx: trains nothing", flush=True)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            client, task_queue=options.task_queue, activities=activities, activity_executor=threads
        ):
            print(f"working on task queue {options.task_queue} of {options.address}", flush=True)
            await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())
