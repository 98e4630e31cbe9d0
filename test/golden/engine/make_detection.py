"""Golden values of test/engine/data/detection: python3 make_detection.py (needs pycocotools, numpy).

detection.json.gz: `maps` has labelled and found boxes of some sets of images, and what pycocotools makes of them; `decoders` has
outputs of small detectors in each form, and the boxes that NumPy reads from them. Coordinates and scores are multiples of 1/64,
which float32 and JSON hold exactly.
"""
import contextlib
import gzip
import io
import json
import pathlib

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

here = pathlib.Path(__file__).parent
random = np.random.RandomState(14)


def rounded(values):
    return np.round(np.asarray(values) * 64) / 64


def drawn(images, classes, most, miss=0.3, noise=3.0, levels=64, crowd=0.0, extra=3, size=64):
    """Labelled boxes (class, x1, y1, x2, y2, crowd), and found ones near them (class, score, x1, y1, x2, y2)."""
    labels, found = [], []
    for _ in range(images):
        own, seen = [], []
        for _ in range(random.randint(0, most + 1)):
            x, y = random.uniform(0, size, 2)
            w, h = random.uniform(4, size / 2, 2)
            box = rounded([x, y, x + w, y + h])
            kind = int(random.randint(classes))
            own.append([kind, *box.tolist(), int(random.rand() < crowd)])
            for _ in range(random.randint(1, 3)):
                if random.rand() < miss:
                    continue
                near = rounded(box + noise * random.standard_normal(4))
                other = kind if random.rand() < 0.9 else int(random.randint(classes))
                if near[2] > near[0] and near[3] > near[1]:
                    seen.append([other, float(np.ceil(random.rand() * levels) / levels), *near.tolist()])
        for _ in range(random.randint(0, extra + 1)):
            x, y = random.uniform(0, size, 2)
            seen.append([int(random.randint(classes)), float(np.ceil(random.rand() * levels) / levels),
                         *rounded([x, y, x + 9, y + 12]).tolist()])
        labels.append(own)
        found.append(seen)
    return labels, found


def grid(images):
    """Boxes on a coarse grid: many have the same overlap with several others, often exactly a threshold's."""
    labels, found = [], []
    for _ in range(images):
        boxes = [[float(v) for v in (x, y, x + 10, y + 10)] for x, y in 2 * random.randint(0, 8, (12, 2))]
        labels.append([[0, *box, int(random.rand() < 0.1)] for box in boxes[:6]])
        found.append([[0, float(random.randint(1, 4) / 4), *box] for box in boxes[3:]])
    return labels, found


def judged(labels, found, classes):
    coco = COCO()
    annotations = []
    for image, own in enumerate(labels):
        for kind, x1, y1, x2, y2, crowd in own:
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": kind, "iscrowd": crowd,
                                "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
    coco.dataset = {"images": [{"id": at} for at in range(len(labels))], "annotations": annotations,
                    "categories": [{"id": at} for at in range(classes)], "info": {}}
    results = [{"image_id": image, "category_id": kind, "score": score, "bbox": [x1, y1, x2 - x1, y2 - y1]}
               for image, own in enumerate(found) for kind, score, x1, y1, x2, y2 in own]
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # thresholds, recalls, classes; all areas, 100 boxes
    each = {}
    for kind in range(classes):
        if (precision[:, :, kind] > -1).any():
            each[kind] = [100 * float(precision[:, :, kind].mean()), 100 * float(precision[0, :, kind].mean())]
    return {"labels": labels, "found": found, "mAP50-95": 100 * float(evaluation.stats[0]),
            "mAP50": 100 * float(evaluation.stats[1]), "mAP75": 100 * float(evaluation.stats[2]), "classes": each}


sets = {
    "scattered boxes": (drawn(30, 3, 6), 3),
    "crowds": (drawn(30, 2, 8, crowd=0.4, noise=2.0), 2),
    "many equal scores": (drawn(30, 2, 6, levels=3), 2),
    "overlaps that are thresholds": (grid(20), 1),
    "images without boxes": (tuple(part + [[], []] for part in drawn(6, 2, 1, extra=1)), 2),
    "a class never found, one never labelled": (([[[0, 1.0, 1.0, 9.0, 9.0, 0], [2, 1.0, 1.0, 9.0, 9.0, 0]]],
                                                 [[[0, 0.5, 1.0, 1.0, 9.0, 9.0], [1, 0.75, 1.0, 1.0, 9.0, 9.0]]]), 4),
    "a class of crowds alone": (([[[0, 1.0, 1.0, 9.0, 9.0, 0], [1, 2.0, 2.0, 30.0, 30.0, 1]]],
                                 [[[0, 0.5, 2.0, 1.0, 9.0, 9.0], [1, 0.75, 3.0, 3.0, 9.0, 9.0]]]), 2),
    "more than 100 boxes in an image": (drawn(2, 1, 60, miss=0.0, extra=160, levels=16), 1),
    "perfect": (([[[1, 2.0, 2.0, 8.0, 9.0, 0]]], [[[1, 1.0, 2.0, 2.0, 8.0, 9.0]]]), 2),
}


# Decoders: what each form's outputs mean, written with NumPy's arrays.

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def corners(xywh):
    return np.concatenate([xywh[..., :2] - xywh[..., 2:] / 2, xywh[..., :2] + xywh[..., 2:] / 2], -1)


def cells(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y], -1).reshape(-1, 2)


def normal(*shape):
    return rounded(random.standard_normal(shape))


size, batch, kinds = (64, 96), 2, 3


def rows(boxes, scores):
    """All pairs of a box and a class whose score reaches 0.25, image by image: class, score, corners."""
    return [[[int(k), float(scores[n, a, k]), *map(float, boxes[n, a])]
             for a in range(boxes.shape[1]) for k in range(scores.shape[2]) if scores[n, a, k] >= 0.25]
            for n in range(boxes.shape[0])]


def tensor(values):
    return {"dims": list(values.shape), "data": np.asarray(values, np.float64).ravel().tolist()}


def case(settings, outputs, boxes, scores):
    return {"settings": {"scoreThreshold": 0.25, **settings}, "outputs": {f"y{at}": tensor(o) for at, o in enumerate(outputs)},
            "found": rows(boxes, scores)}


def yolov8_decoded(transposed):
    xywh, scores = 30 + normal(batch, 20, 4), rounded(random.rand(batch, 20, kinds))
    whole = np.concatenate([xywh, scores], -1)
    return case({"decoder": "yolov8", "classes": kinds}, [whole if transposed else whole.transpose(0, 2, 1)], corners(xywh), scores)


def yolov8_raw(apart):
    bins, outputs, boxes, scores = 5, [], [], []
    for stride in (16, 32):
        h, w = size[0] // stride, size[1] // stride
        sides, logits = 2 * normal(batch, 4 * bins, h, w), normal(batch, kinds, h, w)
        outputs += [sides, logits] if apart else [np.concatenate([sides, logits], 1)]
        shares = softmax(sides.reshape(batch, 4, bins, h * w), 2)
        far = (shares * np.arange(bins).reshape(1, 1, bins, 1)).sum(2).transpose(0, 2, 1)
        centre = cells(h, w) + 0.5
        boxes.append(np.concatenate([centre - far[..., :2], centre + far[..., 2:]], -1) * stride)
        scores.append(sigmoid(logits.reshape(batch, kinds, h * w).transpose(0, 2, 1)))
    return case({"decoder": "yolov8", "classes": kinds}, outputs, np.concatenate(boxes, 1), np.concatenate(scores, 1))


def yolov5_raw(last):
    outputs, boxes, scores = [], [], []
    sizes = [[[10, 13], [16, 30]], [[30, 61], [62, 45]]]
    for stride, level in zip((16, 32), sizes):
        h, w = size[0] // stride, size[1] // stride
        raw = normal(batch, 2, h, w, 5 + kinds)
        outputs.append(raw if last else raw.transpose(0, 1, 4, 2, 3).reshape(batch, 2 * (5 + kinds), h, w))
        y = sigmoid(raw).reshape(batch, 2, h * w, 5 + kinds)
        xy = (2 * y[..., :2] - 0.5 + cells(h, w)) * stride
        wh = (2 * y[..., 2:4]) ** 2 * np.array(level).reshape(1, 2, 1, 2)
        boxes.append(corners(np.concatenate([xy, wh], -1)).reshape(batch, -1, 4))
        scores.append((y[..., 4:5] * y[..., 5:]).reshape(batch, -1, kinds))
    return case({"decoder": "yolov5", "classes": kinds, "anchors": sizes}, outputs,
                np.concatenate(boxes, 1), np.concatenate(scores, 1))


def yolov5_decoded():
    xywh, rest = 30 + normal(batch, 20, 4), rounded(0.3 + 0.7 * random.rand(batch, 20, 1 + kinds))
    return case({"decoder": "yolov5"}, [np.concatenate([xywh, rest], -1)], corners(xywh), rest[..., :1] * rest[..., 1:])


def yolox(decoded):
    strides = [8, 16]
    grid = np.concatenate([cells(size[0] // s, size[1] // s) for s in strides])
    stride = np.concatenate([np.full((size[0] // s * (size[1] // s), 1), s) for s in strides])
    raw, rest = normal(batch, len(grid), 4), rounded(random.rand(batch, len(grid), 1 + kinds))
    xywh = np.concatenate([(raw[..., :2] + grid) * stride, np.exp(raw[..., 2:]) * stride], -1)
    return case({"decoder": "yolox", "classes": kinds, **({"decoded": True} if decoded else {"strides": strides})},
                [np.concatenate([xywh if decoded else raw, rest], -1)], corners(xywh), rest[..., :1] * rest[..., 1:])


def anchors(ssd):
    levels = [{"stride": 16, "sizes": [[12, 12], [24, 10]]}, {"stride": 32, "sizes": [[40, 40]]}]
    offset = 0.5 if ssd else 0
    own = []
    for level in levels:
        h, w = -(-size[0] // level["stride"]), -(-size[1] // level["stride"])
        for cell in cells(h, w):
            own += [[*((cell + offset) * level["stride"]), *wh] for wh in level["sizes"]]
    own = np.array(own, float)
    variances = [0.1, 0.1, 0.2, 0.2] if ssd else [1, 1, 1, 1]
    deltas, logits = normal(batch, len(own), 4), normal(batch, len(own), kinds + ssd)
    moved = deltas * variances
    xywh = np.concatenate([own[:, :2] + moved[..., :2] * own[:, 2:], np.exp(moved[..., 2:]) * own[:, 2:]], -1)
    scores = softmax(logits, -1)[..., 1:] if ssd else sigmoid(logits)
    form = {"variances": variances, "scores": "softmax", "background": "first"} if ssd else {"offset": 0}
    return case({"decoder": "anchors", "classes": kinds, "levels": levels, **form},
                [deltas, logits] if ssd else [logits, deltas], corners(xywh), scores)


def detr(form):
    boxes, logits = rounded(0.3 + 0.2 * random.rand(batch, 10, 4)), normal(batch, 10, kinds + (form == "softmax"))
    scores = softmax(logits, -1)[..., :-1] if form == "softmax" else sigmoid(logits)
    scale = np.array([size[1], size[0]] * 2)
    return case({"decoder": "detr", "classes": kinds, "scores": form}, [logits, boxes], corners(boxes) * scale, scores)


def finished(kind):
    boxes = np.concatenate([normal(batch, 8, 2) + 20, normal(batch, 8, 2) + 40], -1)
    scores, classes = rounded(0.1 + 0.9 * random.rand(batch, 8)), random.randint(0, kinds, (batch, 8))
    each = np.where(np.arange(kinds) == classes[..., None], scores[..., None], 0)
    if kind == "rows":
        return case({"decoder": "boxes"}, [np.concatenate([boxes, scores[..., None], classes[..., None]], -1)], boxes, each)
    if kind == "batched":
        image = np.repeat(np.arange(batch), 8).reshape(-1, 1)
        flat = np.concatenate([image, boxes.reshape(-1, 4), classes.reshape(-1, 1), scores.reshape(-1, 1)], -1)
        return case({"decoder": "boxes"}, [flat[::-1]], boxes[:, ::-1], each[:, ::-1])
    if kind == "parts":
        count = np.array([3, 8])
        each[0, 3:] = 0
        shares = boxes[..., [1, 0, 3, 2]] / np.array([size[0], size[1]] * 2)
        return case({"decoder": "boxes", "roles": ["boxes", "classes", "scores", "count"], "form": "yxyx", "normalized": True,
                     "firstClass": 1}, [shares, classes + 1, scores, count], boxes, each)
    indices = [[n, k, m] for n in range(batch) for m in range(0, 8, 2) for k in range(kinds) if each[n, m, k] > 0]
    each[:, 1::2] = 0
    full = np.where(each > 0, each, rounded(random.rand(*each.shape)))
    return case({"decoder": "boxes", "roles": ["indices", "boxes", "scores"], "form": "cxcywh"},
                [np.array(indices), np.concatenate([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], -1),
                 full.transpose(0, 2, 1)], boxes, each)


goldens = {
    "maps": {name: judged(*boxes, classes) for name, (boxes, classes) in sets.items()},
    "frame": {"height": size[0], "width": size[1], "size": batch},
    "decoders": {
        "yolov8": yolov8_decoded(False), "yolov8, anchors first": yolov8_decoded(True),
        "yolov8, raw heads": yolov8_raw(False), "yolov8, raw heads in two parts": yolov8_raw(True),
        "yolov5": yolov5_decoded(), "yolov5, raw heads": yolov5_raw(True), "yolov5, raw heads of convolutions": yolov5_raw(False),
        "yolox": yolox(False), "yolox, decoded": yolox(True),
        "RetinaNet": anchors(False), "SSD": anchors(True),
        "DETR": detr("softmax"), "RT-DETR": detr("sigmoid"),
        "boxes in rows": finished("rows"), "boxes with the image's number": finished("batched"),
        "boxes, scores, classes, count": finished("parts"), "indices of NonMaxSuppression": finished("indices"),
    },
}
with open(here / "detection.json.gz", "wb") as file:
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(json.dumps(goldens).encode())
for name, golden in goldens["maps"].items():
    print(f"{name}: {golden['mAP50-95']:.3f} {golden['mAP50']:.3f}")
for name, golden in goldens["decoders"].items():
    print(f"{name}: {[len(own) for own in golden['found']]}")
