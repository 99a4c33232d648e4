"""The size of things from end to end with the bundled model: what is too small to be known is found."""

from __future__ import annotations

import numpy as np
import pytest

from blobs import blobs
from napari_ovseg import load_model, segment, sight
from napari_ovseg.errors import InputError
from napari_ovseg.views import rendering


def run(picture, names="nuclei", **choices):
    return segment(picture, names, model=load_model("demo", device="cpu"), preset="fast", **choices)


def iou(masks, truth):
    return ((masks == 1) & truth).sum() / ((masks == 1) | truth).sum()


@pytest.fixture(scope="module")
def small():
    """Grey things of about 10 pixels."""
    return blobs(192, radius=5)


def coloured(grey):
    """As a stain shows them, which no look changes."""
    return np.stack([230 - grey * 0.6, 215 - grey * 0.95, 235 - grey * 0.35], 2).clip(0, 255).astype(np.uint8)


def test_small_things_in_a_large_picture_are_found_when_their_size_is_said():
    grey, truth = blobs(576, radius=6)
    picture = coloured(grey)
    assert run(picture).record["absent"] == ["nuclei"]
    found = run(picture, size=12)
    assert found.record["size"] == "12 px"
    assert found.record["enlarged"] == {"nuclei": pytest.approx(31 / 12, abs=0.001)}
    assert found.record["look"] == "as it is"
    assert iou(found.masks, truth) > 0.75


def test_small_things_in_a_large_picture_in_colour_are_found_with_nothing_said():
    grey, truth = blobs(768, radius=10)
    picture = coloured(grey)
    found = run(picture)
    assert "enlarged" not in found.record
    assert iou(found.masks, truth) > 0.75
    noise = np.random.default_rng(0).normal(90, 20, picture.shape).clip(0, 255).astype(np.uint8)
    assert run(noise).record["absent"] == ["nuclei"]


@pytest.mark.usefixtures("little_training")
def test_no_size_is_as_nothing_said(small):
    picture, _ = small
    plain, empty = run(picture), run(picture, size="")
    np.testing.assert_array_equal(plain.masks, empty.masks)
    np.testing.assert_array_equal(plain.relevance, empty.relevance)
    assert "size" not in plain.record


def test_names_of_two_sizes_are_each_looked_at_in_their_own_way(small):
    found = run(small[0], "nuclei, debris", size={"nuclei": 10, "debris": 20})
    # asked for are 3.2 and 1.6
    assert found.record["enlarged"] == {"nuclei": 3.25, "debris": 1.75}
    assert found.record["look"] != "as it is"
    assert iou(found.masks, small[1]) > 0.5
    both = run(coloured(small[0]), "nuclei, debris; background: glass", size={"nuclei": 10})
    assert both.record["enlarged"] == {"nuclei": 3.25, "debris": None}
    assert len(both.relevance) == 2


@pytest.mark.usefixtures("little_training")
def test_what_is_not_there_stays_absent_however_small_it_is_said_to_be():
    noise = np.random.default_rng(0).normal(90, 20, (160, 160, 3)).clip(0, 255).astype(np.uint8)
    assert run(noise, size=6).record["absent"] == ["nuclei"]
    assert run(noise[..., 0], size=6).record["absent"] == ["nuclei"]


@pytest.mark.usefixtures("little_training")
def test_a_method_without_cosines_takes_a_size_too(small):
    found = run(coloured(small[0]), method="explain", size=20)
    assert found.record["views"] > 2


@pytest.mark.usefixtures("little_training")
def test_a_look_of_a_method_without_cosines_is_measured_where_things_are_enlarged_least(small, monkeypatch):
    fitted = []

    def fit(source, look, level):
        fitted.append(level)
        return rendering.fit(source, look, level)

    monkeypatch.setattr(sight, "fit", fit)
    how = {"method": "explain", "look": "background removed, dimmed"}
    run(small[0], **how)
    large = run(small[0], size=130, **how)
    run(small[0], "nuclei, debris", size={"nuclei": 10}, **how)
    assert fitted == [1.5, large.record["enlarged"]["nuclei"], 1.5]
    assert fitted[1] < 1.5


def test_a_length_is_refused_for_an_array(small):
    with pytest.raises(InputError, match="doesn't say how large a pixel is"):
        run(small[0][:96, :96], size="3 um")


@pytest.mark.usefixtures("little_training")
def test_what_could_not_be_shown_so_large_is_said(small):
    found = run(small[0][:64, :64], size=2)
    assert found.record["enlarged"] == {"nuclei": 3.0}
    assert "It was enlarged 3.0 times" in " ".join(found.record["warnings"])
