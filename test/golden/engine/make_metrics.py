"""Golden values of test/engine/data/targets.test.ts: python3 make_metrics.py (needs scikit-learn, numpy).

metrics.json: outputs, labels and shapes of some batches' worth of samples, and what scikit-learn makes of them. Numbers are
multiples of 1/64, which float32 and JSON hold exactly.
"""
import json
import pathlib

import numpy as np
from sklearn import metrics

here = pathlib.Path(__file__).parent
random = np.random.RandomState(4)


def drawn(*shape, step=64):
    return np.round(random.standard_normal(shape) * step) / step


def yes_or_no(samples, classes, step, ending=lambda x: x, threshold=0.0):
    scores = ending(drawn(samples, classes, step=step))
    labels = (drawn(samples, classes) + drawn(samples, classes) + scores > 0.7).astype(int)
    present = labels.any(axis=0)
    precisions = metrics.average_precision_score(labels[:, present], scores[:, present], average=None)
    return {
        "shape": list(scores.shape), "outputs": scores.ravel().tolist(), "labels": labels.ravel().tolist(),
        "threshold": threshold, "mean-average-precision": 100 * float(np.mean(precisions)),
        "f1-micro": 100 * float(metrics.f1_score(labels, scores > threshold, average="micro")),
    }


def numbers(*shape, center=0.0):
    labels = drawn(*shape) + center + 2 * np.arange(shape[1] if len(shape) > 1 else 1).reshape(-1, *[1] * max(0, len(shape) - 2))
    outputs = labels + drawn(*shape) / 4
    outputs = np.round(outputs * 64) / 64
    # Of maps each channel is an output; else each number of a sample.
    rows = lambda x: np.moveaxis(x, 1, -1).reshape(-1, shape[1]) if len(shape) == 4 else x.reshape(shape[0], -1)
    y, found = rows(labels), rows(outputs)
    deviation = np.sqrt(np.mean((y - y.mean(axis=0)) ** 2))
    mae, rmse = metrics.mean_absolute_error(y, found), metrics.root_mean_squared_error(y.ravel(), found.ravel())
    return {
        "shape": list(shape), "outputs": outputs.ravel().tolist(), "labels": labels.ravel().tolist(),
        "meanAbsoluteError": float(mae), "rootMeanSquaredError": float(rmse),
        "r2": 100 * float(metrics.r2_score(y, found, multioutput="variance_weighted")),
        "rmse-score": 100 * float(1 - rmse / deviation), "mae-score": 100 * float(1 - mae / deviation),
    }


goldens = {
    "yes or no": {
        "logits": yes_or_no(40, 5, 64),
        "logits with many ties": yes_or_no(40, 3, 2),
        "probabilities": yes_or_no(30, 4, 64, lambda x: np.clip(np.round((x + 2) * 16) / 64, 0, 1), 0.5),
        "a class that no sample has": yes_or_no(3, 12, 64),
    },
    "numbers": {
        "one a sample": numbers(30, 1),
        "some a sample": numbers(30, 4),
        "places": numbers(20, 3, 2, center=100.0),
        "maps": numbers(6, 2, 3, 4, center=-5.0),
    },
}
assert any(not np.array(c["labels"]).reshape(c["shape"]).any(axis=0).all() for c in goldens["yes or no"].values())
(here / "metrics.json").write_text(json.dumps(goldens) + "\n")
