"""Tiny archives in the layouts of the official ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (24, 32)


def picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def mask(path: Path, *values: int, size: tuple[int, int] = SIZE, palette: bool = False) -> Path:
    """The values side by side in upright stripes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stripes = np.array(values)[np.arange(size[1]) * len(values) // size[1]]
    image = Image.fromarray(np.tile(stripes, (size[0], 1)).astype(np.uint8))
    if palette:
        image.putpalette([255 - k for k in range(256) for _ in range(3)])
    image.save(path)
    return path


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def voc(root: Path, masks: dict[str, tuple[int, ...]], split: str = "val") -> Path:
    base = root / "VOCdevkit/VOC2012"
    for seed, (stem, values) in enumerate(masks.items()):
        picture(base / f"JPEGImages/{stem}.jpg", seed)
        mask(base / f"SegmentationClass/{stem}.png", *values, palette=True)
    text(base / f"ImageSets/Segmentation/{split}.txt", *masks)
    return base
