"""Draws the photo of ``docs/quick_start.md`` beside its mask: ``python docs/images/make_photo.py``.

The photo is scikit-image's cup of coffee (Rachel Michetti, CC0). Needs the extra [photos].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from napari_ovseg import load_model, segment
from napari_ovseg.demo.photo import MODEL, sample_photo

TARGET = Path(__file__).with_name("photo.png")


def main() -> None:
    """Write the picture."""
    picture, names = sample_photo()
    found = segment(picture, names, model=load_model(MODEL, device="cpu"))
    # what is not the cup is shown pale and grey
    grey = picture.mean(2, keepdims=True) * 0.4 + 140
    cut_out = np.where(found.masks[..., None] == 1, picture, grey).astype(np.uint8)
    gap = np.full((len(picture), 12, 3), 255, np.uint8)
    canvas = Image.fromarray(np.concatenate([picture, gap, cut_out], axis=1))
    canvas.resize((canvas.width // 2, canvas.height // 2)).quantize(128).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
