"""What a student of ZeroSeg learns from each picture: the teacher's vectors of it and of its crops.

arXiv 2306.00450: the whole picture and its k x k grids, k = 1 to 4, 30 vectors in all. Targets
are computed once, so a picture is its middle square, without augmentation, as in the paper.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.models.map_model import MapModel

GRIDS = (1, 2, 3, 4)
AT_ONCE = 16


def middle(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the middle square of a picture ``(H, W, 3)``."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def crops(square: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return the crops of a square picture, the whole first, then each grid row by row.

    A crop has a pixel at least, however small the picture is.
    """
    side = len(square)
    found = []
    for count in GRIDS:
        edges = [min(round(side * k / count), side - 1) for k in range(count)]
        spans = [slice(edge, max(edge + 1, round(side * (k + 1) / count))) for k, edge in enumerate(edges)]
        found += [square[rows, columns] for rows in spans for columns in spans]
    return found


def vectors_of(picture: NDArray[np.float32], teacher: MapModel) -> Tensor:
    """Return the teacher's vectors of a picture ``(H, W, 3)`` and its crops, ``(30, D)`` float16."""
    seen = crops(middle(picture))
    size = (teacher.input_size // teacher.patch_size * teacher.patch_size,) * 2
    parts = [
        teacher.see(seen[first : first + AT_ONCE], size).vectors for first in range(0, len(seen), AT_ONCE)
    ]
    return torch.cat(parts).half().cpu()
