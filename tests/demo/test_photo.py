"""The photo of the demo, and what is said where its model is not installed."""

from __future__ import annotations

import subprocess
import sys

from napari_ovseg.demo import photo
from napari_ovseg.models.photos.card import PhotosCard
from napari_ovseg.models.photos.words import table


def test_the_photo_comes_with_a_name_that_the_model_knows():
    picture, names = photo.sample_photo()
    assert picture.shape == (400, 600, 3)
    assert picture.dtype == "uint8"
    for name in names:
        entry = table().find(name)
        assert entry is not None
        assert "coffee mug" in entry.class_names


def test_the_photo_is_in_the_package_of_scikit_image():
    """Fetched by its downloader, the demo would need the internet."""
    code = (
        "import sys; sys.modules['pooch'] = None;"
        "from napari_ovseg.demo.photo import sample_photo; sample_photo();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_only_without_the_model_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr(PhotosCard, "is_here", lambda self: True)
    assert photo.photo_advice() == ""
    monkeypatch.setattr(PhotosCard, "is_here", lambda self: False)
    assert 'pip install "napari-ovseg[photos]" (25 MB)' in photo.photo_advice()
