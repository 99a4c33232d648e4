from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from segmented import segmentation


@pytest.fixture
def method(monkeypatch):
    """Stand in for the method: the left half is the category; red pictures raise what a test asks for.

    ``seen`` holds the first red of each picture that was looked at.
    """
    asked = SimpleNamespace(error=None, seen=[], sizes=[])

    def segment(image, settings, *, model, progress):
        asked.seen.append(int(image[0, 0, 0]))
        asked.sizes.append(settings.size)
        if asked.error is not None and image[0, 0, 0] == 255:
            raise asked.error
        masks = np.zeros(image.shape[:2], np.uint8)
        masks[:, : masks.shape[1] // 2] = 1
        return segmentation(settings.names, masks)

    monkeypatch.setattr("napari_ovseg.pipeline.segment", segment)
    return asked
