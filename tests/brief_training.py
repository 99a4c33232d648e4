"""Heads that learn for a moment: half of a run is training, and few tests ask how good masks are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def brief_training() -> Iterator[None]:
    """Train heads for 6 steps instead of 60; all other steps of a run are as ever."""
    from napari_ovseg.single_image import head

    with pytest.MonkeyPatch.context() as patch:
        assert "steps" in head.train.__kwdefaults__
        patch.setitem(head.train.__kwdefaults__, "steps", 6)
        yield
