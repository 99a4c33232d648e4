"""Tiny archives in the layouts of the official ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (24, 32)
# How many classes each dataset counts.
COUNTS = {
    "voc21": 21,
    "voc20": 20,
    "context60": 60,
    "context59": 59,
    "coco-object": 81,
    "coco-stuff": 171,
    "ade20k": 150,
    "cityscapes": 19,
    "camvid": 11,
    "nuclei": 2,
}


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


def build(root: Path, name: str, *values: int) -> None:
    """One picture in the layout of a dataset, with these mask values."""
    if name.startswith("voc"):
        voc(root, {"2007_000001": values})
    elif name.startswith("context"):
        base = root / "VOCdevkit/VOC2010"
        picture(base / "JPEGImages/2008_000002.jpg")
        mask(base / "SegmentationClassContext/2008_000002.png", *values)
        text(base / "ImageSets/SegmentationContext/val.txt", "2008_000002")
    elif name.startswith("coco"):
        picture(root / "images/val2017/000000000139.jpg")
        mask(root / "annotations/val2017/000000000139.png", *values)
        # what other tools leave beside the masks is not one
        mask(root / "annotations/val2017/000000000139_labelTrainIds.png", 0)
    elif name == "ade20k":
        base = root / "ADEChallengeData2016"
        picture(base / "images/validation/ADE_val_00000001.jpg")
        mask(base / "annotations/validation/ADE_val_00000001.png", *values)
    elif name == "cityscapes":
        picture(root / "leftImg8bit/val/ulm/ulm_000000_000019_leftImg8bit.png")
        for kind in ("labelIds", "instanceIds", "color"):
            mask(root / f"gtFine/val/ulm/ulm_000000_000019_gtFine_{kind}.png", *values)
    elif name == "camvid":
        picture(root / "CamVid/test/0001TP_008550.png")
        mask(root / "CamVid/testannot/0001TP_008550.png", *values)
        line = "/SegNet/CamVid/test/0001TP_008550.png /SegNet/CamVid/testannot/0001TP_008550.png"
        text(root / "CamVid/test.txt", line)
    elif name == "nuclei":
        picture(root / "stage1_train/0a7d/images/0a7d.png")
        for number, value in enumerate(values):
            others = [0] * len(values)
            others[number] = value
            mask(root / f"stage1_train/0a7d/masks/{number}.png", *others)
