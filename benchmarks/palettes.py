"""How well the colours of categories can be told apart: ``python benchmarks/palettes.py``.

Of the first 15 colours of each palette: the smallest difference (CIEDE2000) of any two, as they are and as
people without green or without red cones see them, and the range of lightness. That is simulated on linear
sRGB by the matrices for full severity of Machado, Oliveira and Fernandes, "A physiologically-based model for
simulation of color vision deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6), 2009.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_ovseg.colours import PALETTES, category_colours

COUNT = 15
WITHOUT_GREEN = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
WITHOUT_RED = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)


def seen(colours: NDArray[np.float64], without: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return colours ``(N, 3)``, sRGB in [0, 1], as people without some cones see them."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    left = np.clip(linear @ without.T, 0, 1)
    return np.where(left <= 0.0031308, left * 12.92, 1.055 * left ** (1 / 2.4) - 0.055)


def smallest_difference(colours: NDArray[np.float64]) -> float:
    """Return the smallest CIEDE2000 of any two colours ``(N, 3)``."""
    lab = rgb2lab(colours[None])[0]
    differences = deltaE_ciede2000(lab[:, None], lab[None])
    return float(differences[np.triu_indices(len(lab), 1)].min())


def main() -> None:
    """Print the table."""
    titles = ("palette", "smallest difference of 15", "without green cones", "without red cones", "lightness")
    print(f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
    for palette in PALETTES:
        colours = category_colours(COUNT, palette)[1:] / 255
        light = rgb2lab(colours[None])[0, :, 0]
        views = (colours, seen(colours, WITHOUT_GREEN), seen(colours, WITHOUT_RED))
        apart = " | ".join(f"{smallest_difference(view):.1f}" for view in views)
        print(f"| {palette} | {apart} | {light.min():.0f} to {light.max():.0f} |")


if __name__ == "__main__":
    main()
