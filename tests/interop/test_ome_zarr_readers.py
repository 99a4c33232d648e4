"""What ome-zarr, its models and yaozarrs, a strict reading of the specification, make of our folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from drawn import many
from hard_pictures import CATEGORIES, COLOUR_OF, NAME_OF, PIXEL_SIZE, PLAIN, TURNED, UNIT, VOID, labels, shown
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture
from programs import program

reading = program("ome_zarr.reader")
opening = program("ome_zarr.io")
models = program("ome_zarr_models")
yaozarrs = program("yaozarrs")


def nodes(folder: Path) -> dict[str, object]:
    found = reading.Reader(opening.parse_url(str(folder)))()
    return {node.zarr.basename(): node for node in found if node.data}


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_the_root_leads_to_picture_and_labels(exported, name):
    folder = exported("ome-zarr", things=True) / f"{name}.ome.zarr"
    found = nodes(folder)
    assert set(found) == {folder.name, "masks", "things"}
    picture = np.moveaxis(np.asarray(found[folder.name].data[0]), 0, -1)
    np.testing.assert_array_equal(picture, shown(name == TURNED))
    np.testing.assert_array_equal(np.asarray(found["masks"].data[0]), labels(name == TURNED))
    said = found["masks"].metadata
    assert {number: one["name"] for number, one in said["properties"].items()} == {
        **NAME_OF,
        VOID: "unsure",
    }
    for number, colour in COLOUR_OF.items():
        np.testing.assert_allclose(said["color"][number], [*np.divide(colour, 255), 1])


def test_labels_alone_open_from_the_root(tmp_path):
    export([many()], tmp_path, "ome-zarr")
    found = nodes(tmp_path / "many.ome.zarr")
    assert len(found) == 2
    for node in found.values():
        np.testing.assert_array_equal(np.asarray(node.data[0]), many().labels)


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """Labels alone, large enough for coarser levels, with things."""
    drawn = np.tile(labels(True), (10, 6))
    folder = tmp_path_factory.mktemp("large")
    picture = LabelledPicture("large", drawn, CATEGORIES, pixel_size=PIXEL_SIZE, unit=UNIT)
    export([picture], folder, "ome-zarr", things=True)
    return folder / "large.ome.zarr"


def test_every_group_is_as_the_specification_has_it(exported, large):
    folders = [*exported("ome-zarr", things=True).glob("*.zarr"), large]
    assert len(folders) == 3
    for folder in folders:
        yaozarrs.validate_zarr_store(folder)
        models.open_ome_zarr(opening.zarr.open_group(folder, mode="r"))
        for group in folder.rglob("zarr.json"):
            said = json.loads(group.read_text(encoding="utf-8"))
            if said["node_type"] == "group":
                assert said["attributes"]["ome"]["version"] == "0.5"
                if "image-label" in said["attributes"]["ome"]:
                    yaozarrs.validate_zarr_store(group.parent)


@pytest.mark.parametrize("categories", [CATEGORIES, ()])
def test_nothing_found_is_valid(tmp_path, categories):
    nothing = LabelledPicture("nothing", np.zeros((20, 30), np.uint8), categories)
    export([nothing], tmp_path, "ome-zarr", things=True)
    folder = tmp_path / "nothing.ome.zarr"
    yaozarrs.validate_zarr_store(folder)
    assert len(nodes(folder)) == 3


def test_coarser_levels_cover_the_same_place(large):
    for folder in ("labels/masks", "labels/things"):
        group = opening.zarr.open_group(large / folder, mode="r")
        shape = group["0"].shape
        levels = models.open_ome_zarr(group).ome_attributes.multiscales[0].datasets
        assert len(levels) > 1
        for level in levels:
            scale, *shift = level.coordinateTransformations
            moved = shift[0].translation if shift else (0, 0)
            for axis, small in enumerate(group[level.path].shape):
                # From edge to edge: centres are half a pixel inside.
                start = moved[axis] - scale.scale[axis] / 2
                end = start + small * scale.scale[axis]
                assert start == pytest.approx(-PIXEL_SIZE[axis] / 2)
                assert end == pytest.approx((shape[axis] - 0.5) * PIXEL_SIZE[axis], abs=scale.scale[axis])
