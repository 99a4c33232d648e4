"""The picture that labels belong to, for the formats that hold both or measure one by the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Item
from napari_ovseg.images import read_image


def picture_pixels(item: Item) -> NDArray[Any] | None:
    """The picture ``(H, W)`` or ``(H, W, C)``, where its file is known and has the size of the labels."""
    picture = item.picture
    if picture.picture_path is None:
        return None
    try:
        pixels = np.asarray(read_image(picture.picture_path))
    except InputError:
        return None
    return pixels if pixels.shape[:2] == picture.labels.shape and pixels.ndim in (2, 3) else None
