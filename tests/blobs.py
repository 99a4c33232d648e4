"""Pictures as a microscope gives them, drawn: round bright things on a dark, noisy ground."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def blobs(side: int = 192, *, radius: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a grey picture ``(side, side)``, uint8, of what the bundled model calls nuclei, and truth."""
    rng = np.random.default_rng(seed)
    truth, grey = np.zeros((side, side), bool), np.zeros((side, side))
    rows, columns = np.mgrid[:side, :side]
    for _ in range(30 * (side // 192) ** 2):
        row, column = rng.integers(radius, side - radius, 2)
        tall, wide = radius * rng.uniform(0.8, 1.2, 2)
        far = ((rows - row) / tall) ** 2 + ((columns - column) / wide) ** 2
        if not (truth & (far < 1.6)).any():
            truth |= far < 1
            grey = np.maximum(grey, np.clip(1.25 - far, 0, 0.25) / 0.25 * rng.uniform(0.6, 1))
    grey = ndimage.gaussian_filter(grey * 170, 1) + 25 + rng.normal(0, 4, grey.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), truth
