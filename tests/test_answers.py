"""A model that gives scores at once: masks, corrections, and what it is told when it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg import refine, segment, suggest
from napari_ovseg.errors import Cancelled, InputError, ModelError
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.mask_model import MaskModel

COLOURS = {"red": (0.9, 0.1, 0.1), "blue": (0.1, 0.2, 0.9), "green": (0.1, 0.9, 0.1)}
GREY = (0.5, 0.5, 0.5)


class ColourMasks:
    """Scores of a pixel fall with the distance of its colour to those that are named."""

    card = ModelCard("colour masks")
    device = torch.device("cpu")
    checkpoint_id = "1"
    side = 60

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.shown: list[tuple[int, ...]] = []

    def scores(self, picture: NDArray[np.float32], phrases: Sequence[Sequence[str]]) -> Tensor:
        self.shown.append(picture.shape)
        named = [next((COLOURS[word] for word in words if word in COLOURS), (9, 9, 9)) for words in phrases]
        centres = torch.tensor([GREY, *named])[:, :, None, None]
        apart = (torch.from_numpy(picture).permute(2, 0, 1)[None] - centres).square().sum(1)
        return (-20 * apart).softmax(0)


@pytest.fixture
def picture():
    """A red and a blue rectangle on grey, twice as large as the model looks, and where they are."""
    truth = np.zeros((96, 120), np.uint8)
    truth[10:40, 20:60], truth[50:90, 70:110] = 1, 2
    return np.array([(128, 128, 128), (220, 30, 30), (20, 40, 230)], np.uint8)[truth], truth


def test_it_is_no_map_model_and_no_clip():
    model = ColourMasks()
    assert isinstance(model, MaskModel)
    assert not isinstance(model, MapModel)


def test_masks_at_full_size_and_absent_names(picture):
    pixels, truth = picture
    model, reported = ColourMasks(), []
    found = segment(
        pixels, "red, blue, green", model=model, on_pseudo_labels=lambda labels, _: reported.append(labels)
    )
    assert model.shown == [(48, 60, 3)]
    assert (found.masks == truth).mean() > 0.98
    assert found.record["absent"] == ["green"]
    assert found.record["model"] == "colour masks"
    assert found.presence[0] > 0.9
    assert found.presence[2] < 0.1
    np.testing.assert_array_equal(reported[0], found.pseudo_labels)
    assert list(found.stages) == ["pseudo-labels"]


def test_a_look_that_a_person_chose_is_what_it_is_shown(picture):
    pixels, truth = picture
    inverse = 255 - pixels
    assert not (segment(inverse, "red, blue", model=ColourMasks()).masks == truth).mean() > 0.9
    found = segment(inverse, "red, blue", model=ColourMasks(), look="dark things")
    assert (found.masks == truth).mean() > 0.98
    assert found.record["look"] == "dark things"


def test_synonyms_known_names_and_no_background(picture):
    pixels, truth = picture
    found = segment(pixels, "thing: blue; other: red", model=ColourMasks(), known=True, background=False)
    assert found.record["absent"] == []
    assert (found.masks[truth == 1] == 2).mean() > 0.95
    assert (found.masks[truth == 2] == 1).mean() > 0.95
    assert found.masks.min() == 1


def test_corrections_teach_as_with_any_other(picture):
    pixels, truth = picture
    found = segment(pixels, "red, blue", model=ColourMasks())
    edited = found.masks.copy()
    edited[12:38, 22:30] = 0
    after = refine(pixels, found, edited)
    assert (after.masks[12:38, 22:30] == 0).all()
    assert (after.masks[truth == 2] == 2).mean() > 0.9


def test_it_is_not_asked_for_names(picture):
    with pytest.raises(InputError, match="can't suggest names"):
        suggest(picture[0], ["red"], model=ColourMasks())


def test_stopping_before_it_is_asked(picture):
    model = ColourMasks()
    with pytest.raises(Cancelled):
        segment(picture[0], "red", model=model, should_stop=lambda: True)
    assert not model.shown


@pytest.mark.parametrize(
    "wrong",
    [
        torch.ones(2, 5, 5),
        torch.ones(3, 5),
        torch.full((3, 5, 5), float("nan")),
        -torch.ones(3, 5, 5),
        torch.ones(3, 0, 5),
    ],
    ids=["a map too few", "no maps", "NaN", "logits", "empty"],
)
def test_what_is_no_score_is_refused_by_the_name_of_the_model(picture, wrong, monkeypatch):
    model = ColourMasks()
    monkeypatch.setattr(model, "scores", lambda *_: wrong)
    with pytest.raises(ModelError, match='"colour masks" gave scores'):
        segment(picture[0], "red, blue", model=model)


def test_anything_else_is_no_model(picture):
    with pytest.raises(TypeError, match="neither a MapModel nor a MaskModel"):
        segment(picture[0], "red", model=object())  # type: ignore[arg-type]
