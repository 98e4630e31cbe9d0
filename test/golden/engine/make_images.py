"""Small images of every kind, and what torchvision's evaluation transform makes of them.

Writes into images/: the files, and rgb.npy and gray.npy, uint8 [N, C, 28, 28] in the order of their names.
Needs torchvision, Pillow and NumPy; made with torchvision 0.29.2, Pillow 13.0.0:
    python make_images.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from torchvision import transforms

folder = Path(__file__).parent / "images"
folder.mkdir(exist_ok=True)


def picture(width: int, height: int, seed: int) -> Image.Image:
    """Soft shapes with grain, so that a wrong filter, crop or rounding is seen."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int64)
    return Image.fromarray(np.clip(soft + random.integers(-24, 25, soft.shape), 0, 255).astype(np.uint8))


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


see_through = picture(50, 41, 3)
see_through.putalpha(Image.linear_gradient("L").resize((50, 41)))

picture(61, 43, 0).save(folder / "colours.png")
picture(61, 43, 0).convert("L").save(folder / "grey.png")
picture(61, 43, 1).quantize(32).save(folder / "palette.png")
see_through.save(folder / "alpha.png")
picture(400, 37, 4).save(folder / "wide.png")
picture(33, 300, 5).save(folder / "tall.png")
picture(281, 260, 6).save(folder / "large.jpg", quality=70)
picture(19, 13, 7).save(folder / "small.png")
picture(32, 32, 8).save(folder / "same.png")
picture(60, 44, 9).save(folder / "baseline.jpg", quality=85)
picture(60, 44, 10).save(folder / "progressive.jpg", quality=85, progressive=True)
picture(60, 44, 11).convert("L").save(folder / "grey.jpg", quality=85)
picture(60, 44, 12).convert("CMYK").save(folder / "inks.jpg", quality=85)
picture(60, 44, 13).save(folder / "turned.jpg", quality=85, exif=turned(6))
picture(60, 44, 14).save(folder / "mirrored.jpg", quality=85, exif=turned(2))
picture(60, 44, 15).save(folder / "lossy.webp", quality=85)
picture(60, 44, 16).save(folder / "lossless.webp", lossless=True)

transform = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(28)])
files = sorted(path for path in folder.iterdir() if path.suffix != ".npy")
for mode, name in (("RGB", "rgb"), ("L", "gray")):
    rows = [np.asarray(transform(ImageOps.exif_transpose(Image.open(file)).convert(mode))) for file in files]
    rows = [row[None] if row.ndim == 2 else row.transpose(2, 0, 1) for row in rows]
    np.save(folder / f"{name}.npy", np.stack(rows))
