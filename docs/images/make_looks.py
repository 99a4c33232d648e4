"""Draws the picture of ``docs/looks.md``: ``python docs/images/make_looks.py``.

Drawn, so that nobody's data is in it: pale cells with dark nuclei on a bright ground, lit unevenly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from napari_ovseg import load_model, segment
from napari_ovseg.export.overlay import draw_overlay
from napari_ovseg.images import to_rgb

SIDE, SEED = 512, 1
SHOWN = 240
TARGET = Path(__file__).with_name("looks.png")


def brightfield() -> NDArray[np.uint8]:
    """Draw the cells, ``(SIDE, SIDE)``."""
    rng = np.random.default_rng(SEED)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    light = 232 - 40 * np.hypot(rows - 90, columns - 110) / SIDE
    for _ in range(26):
        row, column = rng.integers(20, SIDE - 20, 2)
        tall, wide = rng.uniform(24, 40, 2)
        body = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2 < 1
        light -= 26 * ndimage.gaussian_filter(body.astype(float), 2)
        size = rng.uniform(6, 9)
        nucleus = np.hypot(rows - row - rng.uniform(-6, 6), columns - column - rng.uniform(-6, 6)) < size
        light -= rng.uniform(40, 70) * ndimage.gaussian_filter(nucleus.astype(float), 1.2)
    return np.clip(light + rng.normal(0, 3, light.shape), 0, 255).astype(np.uint8)


def main() -> None:
    """Write the picture: what was tried, and the masks without and with the look that was chosen."""
    picture = brightfield()
    model = load_model("demo", device="cpu")
    found, before = (segment(picture, "nuclei", model=model, look=look) for look in ("auto", "as it is"))
    tiles = [(one.look + (" (used)" if one.used else ""), one.thumbnail) for one in found.tried]
    shown = to_rgb(picture)
    tiles += [
        ("the picture", np.rint(shown * 255).astype(np.uint8)),
        ("masks, shown as it is", draw_overlay(shown, before.masks, ["nuclei"])[:640]),
        ("masks, in the look that was chosen", draw_overlay(shown, found.masks, ["nuclei"])[:640]),
    ]
    canvas = Image.new("RGB", (3 * (SHOWN + 12) + 12, 3 * (SHOWN + 40) + 12), "white")
    draw = ImageDraw.Draw(canvas)
    for place, (title, pixels) in enumerate(tiles):
        left, top = 12 + place % 3 * (SHOWN + 12), 12 + place // 3 * (SHOWN + 40)
        draw.multiline_text((left, top), title.replace(", ", ",\n", 1), fill="black", font_size=11)
        canvas.paste(Image.fromarray(pixels).resize((SHOWN, SHOWN)), (left, top + 28))
    canvas.quantize(128).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
