"""Reads what Slimflow shares with an activity, and puts back what it made (docs/activities.md)."""

from __future__ import annotations

import shutil
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np


class SharedFile(TypedDict):
    """A file in a folder that all workers share, or a URL that works for a week."""

    sha256: str
    bytes: int
    path: NotRequired[str]
    url: NotRequired[str]
    others: NotRequired[dict[str, str]]


class SharedData(TypedDict):
    """A split: NumPy files, and which of their rows belong to it."""

    images: SharedFile
    labels: NotRequired[SharedFile]
    inputs: NotRequired[dict[str, SharedFile]]
    range: NotRequired[list[int]]
    normalize: NotRequired[dict]
    layout: NotRequired[str]
    unknown: NotRequired[float | str]


class Question(TypedDict):
    """The only argument of an activity that judges a model."""

    contract: int
    model: SharedFile
    data: SharedData
    settings: dict


class Answer(TypedDict):
    """What such an activity returns: the metric in points, higher is better, and whatever else is worth telling."""

    points: float
    standardError: NotRequired[float]
    samples: NotRequired[int]
    details: NotRequired[dict]


class Place(TypedDict):
    """Where a trained model is to be put: a path to write to, or a URL that takes it by HTTP PUT."""

    path: NotRequired[str]
    url: NotRequired[str]


class TrainingQuestion(TypedDict):
    """The only argument of an activity that trains a model."""

    contract: int
    model: SharedFile
    teacher: SharedFile
    data: SharedData
    settings: dict
    out: Place


class TrainingAnswer(TypedDict, total=False):
    """What such an activity returns once the model is in its place."""

    steps: int
    losses: list[float]
    notes: list[str]


def local_path(file: SharedFile) -> Path:
    """Returns the path of a shared file, downloaded once if it is shared by URL."""
    if "path" in file:
        return Path(file["path"])
    folder = Path(tempfile.gettempdir()) / "slimflow-files" / file["sha256"]
    folder.mkdir(parents=True, exist_ok=True)
    for name, url in {"file": file["url"], **file.get("others", {})}.items():
        target = folder / name
        if not target.exists():
            part = target.with_name(target.name + ".part")
            part.parent.mkdir(parents=True, exist_ok=True)
            urllib.request.urlretrieve(url, part)
            part.rename(target)
    return folder / "file"


def put_model(place: Place, write: Callable[[Path], None]) -> None:
    """Puts a model into its place, whole or not at all. `write` writes it to the path that it is given."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        write(file)
        if "path" in place:
            part = Path(place["path"] + ".part")
            shutil.copyfile(file, part)
            part.rename(place["path"])
        else:
            request = urllib.request.Request(place["url"], data=file.read_bytes(), method="PUT")
            urllib.request.urlopen(request).close()


def images(data: SharedData, start: int, count: int) -> np.ndarray:
    """Reads images `start` to `start + count` of a split as the model takes them: float32 [N, C, H, W]."""
    first, end = _rows(data)
    rows = np.load(local_path(data["images"]), mmap_mode="r")[first + start : min(first + start + count, end)]
    rows = rows.astype(np.float32)
    if data.get("layout") == "NHWC":
        rows = rows.transpose(0, 3, 1, 2)
    normalize = data.get("normalize", {})
    shape = (1, -1, 1, 1)
    mean = np.reshape(np.array(normalize.get("mean", [0.0]), np.float32), shape)
    std = np.reshape(np.array(normalize.get("std", [1.0]), np.float32), shape)
    return np.ascontiguousarray((rows * np.float32(normalize.get("scale", 1.0)) - mean) / std)


def labels(data: SharedData) -> np.ndarray:
    """Reads the labels of a split."""
    first, end = _rows(data)
    return np.load(local_path(data["labels"]))[first:end]


def length(data: SharedData) -> int:
    """Counts the samples of a split."""
    first, end = _rows(data)
    return end - first


def _rows(data: SharedData) -> tuple[int, int]:
    count = len(np.load(local_path(data["images"]), mmap_mode="r"))
    first, end = data.get("range", [0, count])
    return first, end
