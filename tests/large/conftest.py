from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from blobs import blobs
from brief_training import brief_training
from napari_ovseg import load_model
from napari_ovseg.large import run, survey
from napari_ovseg.views import lazy_picture


@pytest.fixture(scope="module", autouse=True)
def small_tiles() -> Iterator[None]:
    """Tiles of 160 pixels, of which 128 are kept, so that a picture of 250 pixels has four."""
    with brief_training(), pytest.MonkeyPatch.context() as patch:
        for module in (run, survey):
            patch.setattr(module, "CORE", 128)
        patch.setattr(survey, "HALO", 16)
        patch.setattr(survey, "CELL", 96)
        patch.setattr(lazy_picture, "_BLOCK", 100)
        yield


@pytest.fixture(scope="module")
def model():
    return load_model("demo", device="cpu")


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A picture of nuclei ``(250, 250)``, and where they are."""
    return blobs(250)
