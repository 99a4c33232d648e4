from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.settings import Choices, Settings
from napari_ovseg.views import augmentation
from napari_ovseg.views.presets import PRESETS

NAMES = parse_categories("cells: cell, nuclei; background: glass")


def test_what_a_call_may_choose_are_fields_of_the_settings():
    own = {field.name: field.type for field in fields(Settings)}
    chosen = {name: hint.__forward_arg__ for name, hint in Choices.__annotations__.items()}
    assert chosen == {name: own[name] for name in chosen}
    assert set(own) - set(chosen) == {"names", "model", "checkpoint", "device"}


def test_every_preset_has_views_and_no_other_is_there():
    assert set(PRESETS) == set(augmentation.PRESETS)


def test_names_are_told_apart_from_background_words():
    settings = Settings(names=NAMES)
    assert [name.name for name in settings.sought] == ["cells"]
    assert settings.background_words is not None
    assert settings.background_words.phrases == ("glass",)
    assert Settings(names=settings.sought).background_words is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"preset": "quick"}, "no preset 'quick'; choose one of fast, balanced, best"),
        ({"pack": "kitchen"}, "kitchen"),
        ({"look": "upside down"}, 'no look "upside down"'),
        ({"size": "large"}, 'no size "large"'),
        ({"size": "nuclei 3, glass 40"}, "size of 'glass', which is not among the names"),
        ({"background": False}, "background words but no background"),
    ],
)
def test_what_can_not_be_is_refused_at_once(wrong, said):
    with pytest.raises(InputError, match=said):
        Settings(names=NAMES, **wrong)
    with pytest.raises(InputError, match=said):
        replace(Settings(names=NAMES), **wrong)


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("Guess ", "guess"),
        ("NONE", "none"),
        ("natural-scene", "natural scene"),
        ("Electron_Microscopy", "electron microscopy"),
    ],
)
def test_packs_are_called_as_they_are_named(typed, called):
    assert Settings(names=NAMES, pack=typed).pack == called


def test_settings_stay_as_they_were_made():
    with pytest.raises(FrozenInstanceError):
        Settings(names=NAMES).preset = "best"


def test_json_can_hold_what_is_saved():
    settings = Settings(
        names=NAMES, model="ViT-B-16", checkpoint=Path("w.pt"), preset="best", method="cam", device="cpu"
    )
    assert settings.saved() == {
        "names": "cells: cell, nuclei\nbackground: glass",
        "model": "ViT-B-16",
        "checkpoint": "w.pt",
        "preset": "best",
        "pack": "guess",
        "method": "cam",
        "look": "auto",
        "size": "",
        "device": "cpu",
    }


@pytest.mark.parametrize(
    ("typed", "called"),
    [(" AUTO", "auto"), ("dimmed, dark things", "dark things, dimmed"), ("as it is", "as it is")],
)
def test_looks_are_called_as_they_are_named(typed, called):
    assert Settings(names=NAMES, look=typed).look == called


@pytest.mark.parametrize(
    ("said", "called"),
    [("", ""), (40, "40 px"), ("cells 12um", "cells 12 µm"), ({"nuclei": 7.5}, "nuclei 7.5 px")],
)
def test_sizes_are_kept_as_text_that_is_read_back(said, called):
    settings = Settings(names=NAMES, size=said)
    assert settings.size == called
    assert replace(settings, preset="fast").sizes == settings.sizes


def test_sizes_become_pixels_of_a_picture():
    settings = Settings(names=NAMES, size="12 um")
    assert settings.in_pixels((0.5, 0.5), "micrometer").size == "24 px"
    with pytest.raises(InputError, match="doesn't say how large a pixel is"):
        settings.in_pixels(None, None)
