"""What is exported comes back from its files alone, from their folder, and by the map of names beside."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many, void_of
from napari_ovseg.export import FORMATS, export, export_file
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

WITHOUT_VOID = {"coco", "yolo", "things-tiff"}
FILES = {
    "tiff": "a_masks.tif",
    "ome-tiff": "a_masks.ome.tif",
    "things-tiff": "a_things.tif",
    "geojson": "a.geojson",
    "labelme": "a.json",
    "ome-zarr": "a.ome.zarr",
}
CAT = (NamedLabel(2, "cat", (1, 2, 3), ("tom",)), NamedLabel(300, "猫, groß; -", (4, 5, 6)))


def skip_without(kind: str) -> None:
    if kind == "ome-zarr":
        pytest.importorskip("zarr")


def expected(one: LabelledPicture, kind: str) -> np.ndarray:
    return np.where(one.labels == void_of(one), 0, one.labels) if kind in WITHOUT_VOID else one.labels


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=10, deadline=None)
@given(one=labelled())
def test_pixels_names_and_colours(tmp_path_factory, kind, one):
    skip_without(kind)
    folder = tmp_path_factory.mktemp("read")
    export([one], folder, kind)
    for path in (folder, folder / FILES[kind], *folder.glob("categories.*")):
        assert is_labelled(path)
        (found,) = read_labelled(path)
        np.testing.assert_array_equal(found.labels, expected(one, kind))
        assert found.labels.dtype == one.labels.dtype
        assert found.categories == one.categories
        assert "notes" not in found.record


@pytest.mark.parametrize("kind", sorted({*FILES, "yolo", "coco", "png", "npz"}))
def test_all_that_is_known_of_several_pictures(tmp_path, kind):
    skip_without(kind)
    (tmp_path / "photos").mkdir()
    pictures = []
    for name in ("b", "c c", "d.e"):
        path = tmp_path / "photos" / f"{name}.jpg"
        Image.new("RGB", (6, 4)).save(path)
        labels = np.eye(4, 6, dtype=np.uint16) * 300
        pictures.append(
            LabelledPicture(name, labels, CAT, path, (0.5, 0.25), "micrometer", {"seed": 1}, True)
        )
    export(pictures, tmp_path / "o", kind, validation_share=0.4)
    found = {picture.name: picture for picture in read_labelled(tmp_path / "o")}
    assert sorted(found) == [picture.name for picture in pictures]
    for one in pictures:
        read = found[one.name]
        np.testing.assert_array_equal(read.labels, one.labels)
        assert read.categories == CAT
        assert (read.pixel_size, read.unit) == ((0.5, 0.25), "micrometer")
        assert read.picture_path is not None
        assert read.picture_path.stem == one.name
        if kind != "coco":
            assert (read.record["seed"], read.done) == (1, True)


@pytest.mark.parametrize("kind", FILES)
def test_files_tell_all_without_the_map_of_names(tmp_path, kind):
    skip_without(kind)
    one = LabelledPicture("a", np.eye(5, 6, dtype=np.uint16) * 300, CAT, None, (0.5, 0.25), "micrometer")
    export([one], tmp_path / "o", kind)
    for file in (tmp_path / "o").glob("categories.*"):
        file.unlink()
    (found,) = read_labelled(tmp_path / "o")
    np.testing.assert_array_equal(found.labels, one.labels)
    if kind == "things-tiff":
        assert [(c.id, c.name) for c in found.categories] == [(300, CAT[1].name)]
    else:
        assert found.categories == CAT
        assert (found.pixel_size, found.unit) == ((0.5, 0.25), "micrometer")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("geojson", "x.geojson"), ("labelme", "x.labelme.json"), ("ome-tiff", "x.ovseg.ome.tif")],
)
def test_one_file_of_a_chosen_name(tmp_path, kind, name):
    one = LabelledPicture("a", np.eye(5, 6, dtype=np.uint16) * 300, CAT)
    summary = export_file([one], tmp_path / name, kind)
    shutil.copy(tmp_path / name, tmp_path / f"other {name}")
    for path in (*summary.files, tmp_path / f"other {name}"):
        (found,) = read_labelled(path)
        np.testing.assert_array_equal(found.labels, one.labels)
        assert (found.name, found.categories) == ("a", CAT)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "ome-zarr"])
def test_three_hundred_categories(tmp_path, kind):
    one = many()
    export([one], tmp_path, kind)
    (found,) = read_labelled(tmp_path)
    if kind == "yolo":
        # Its polygons can't hold the holes.
        assert set(np.unique(found.labels)) == set(np.unique(one.labels)) - {void_of(one)}
    else:
        np.testing.assert_array_equal(found.labels, expected(one, kind))
    assert found.categories == one.categories


def test_a_picture_called_as_masks_is_no_labels(tmp_path):
    for name in ("x_masks.tif", "x_masks.ome.tif", "x_masks.png", "x_things.tif"):
        Image.new("L", (6, 4)).save(tmp_path / name)
        assert not is_labelled(Path(tmp_path / name))
