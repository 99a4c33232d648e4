from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

from drawn import labelled, void_of
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel


def drawn_from(text: str, shape: tuple[int, int]) -> list[tuple[int, np.ndarray]]:
    found = []
    for line in text.splitlines():
        number, *values = line.split()
        points = np.array(values, float).reshape(-1, 2)[:, ::-1] * shape
        # skimage puts pixel centres at whole numbers, and outlines lie between pixels.
        found.append((int(number), polygon2mask(shape, points - 0.5 + 1e-4)))
    return found


@settings(max_examples=50)
@given(labelled())
def test_polygons_cover_the_regions_with_their_holes_filled(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("yolo")
    summary = export([one], folder, "yolo")
    found = drawn_from((folder / "labels" / "train" / "a.txt").read_text(), one.labels.shape)
    expected, holes = [], 0
    for index, category in enumerate(one.categories):
        regions, count = ndimage.label(one.labels == category.id, np.ones((3, 3)))
        for number in range(1, count + 1):
            filled = ndimage.binary_fill_holes(regions == number)
            holes += ndimage.label(filled & (regions != number))[1]
            expected.append((index, filled.tobytes()))
    assert sorted((index, mask.tobytes()) for index, mask in found) == sorted(expected)
    said = [note for note in summary.notes if "holes were filled" in note]
    assert [note.split()[0] for note in said] == ([str(holes)] if holes else [])
    names = yaml.safe_load((folder / "data.yaml").read_text(encoding="utf-8"))["names"]
    assert list(names.values()) == [category.name for category in one.categories]
    assert list(names) == list(range(len(names)))
    assert any("unsure" in note for note in summary.notes) == (one.labels == void_of(one)).any()


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_pictures_lie_where_yolo_looks(tmp_path, share):
    labels = np.zeros((4, 6), np.uint8)
    pictures = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jpg"
        Image.new("RGB", (6, 4)).save(path)
        pictures.append(LabelledPicture(name, labels, (NamedLabel(3, "cat", (0, 0, 0)),), path))
    out = tmp_path / "out"
    summary = export(pictures, out, "yolo", validation_share=share)
    layout = yaml.safe_load((out / "data.yaml").read_text())
    for key in ("train", "val"):
        for picture in (out / layout[key]).iterdir():
            assert picture.read_bytes() == (tmp_path / picture.name).read_bytes()
            text = Path(str(picture).replace("/images/", "/labels/")).with_suffix(".txt")
            assert text.read_text() == ""
    assert (layout["train"] == layout["val"]) is (share == 0)
    assert any("set a validation share" in note for note in summary.notes) is (share == 0)


def test_an_unknown_picture_is_asked_for(tmp_path):
    cat = (NamedLabel(3, "cat", (0, 0, 0)),)
    notes = export([LabelledPicture("a", np.zeros((4, 6), np.uint8), cat)], tmp_path, "yolo").notes
    assert any("put each into images/" in note for note in notes)
