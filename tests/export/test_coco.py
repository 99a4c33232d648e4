from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from pycocotools.coco import COCO
from scipy import ndimage

from drawn import ids_of, labelled, many, void_of
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel


def opened(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def check(coco: COCO, image: int, picture: LabelledPicture) -> None:
    """Each thing is one connected region of its category, and together they are the labels without void."""
    read = np.zeros(picture.labels.shape, np.int64)
    regions = dict.fromkeys(ids_of(picture), 0)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image])):
        mask = coco.annToMask(annotation).astype(bool)
        rows, columns = np.nonzero(mask)
        assert not read[mask].any()
        assert annotation["area"] == mask.sum()
        assert annotation["bbox"] == [
            columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
        ]  # fmt: skip
        assert ndimage.label(mask, np.ones((3, 3)))[1] == 1
        read[mask] = annotation["category_id"]
        regions[annotation["category_id"]] += 1
    np.testing.assert_array_equal(read, np.where(picture.labels == void_of(picture), 0, picture.labels))
    for number, count in regions.items():
        assert count == ndimage.label(picture.labels == number, np.ones((3, 3)))[1]


@pytest.mark.parametrize("polygons", [False, True])
@settings(max_examples=50)
@given(picture=labelled())
def test_pycocotools_reads_the_same_pixels(tmp_path_factory, polygons, picture):
    folder = tmp_path_factory.mktemp("coco")
    export([picture], folder, "coco", polygons=polygons)
    coco = opened(folder / "instances.json")
    check(coco, 1, picture)
    assert [(c["id"], c["name"], tuple(c["color"])) for c in coco.loadCats(coco.getCatIds())] == [
        (category.id, category.name, category.colour) for category in picture.categories
    ]


@pytest.mark.parametrize("polygons", [False, True])
def test_three_hundred_categories_with_holes(tmp_path, polygons):
    summary = export([many()], tmp_path, "coco", polygons=polygons)
    check(opened(tmp_path / "instances.json"), 1, many())
    assert any("a polygon can't hold a hole" in note for note in summary.notes) is polygons


def test_each_split_has_a_file_with_its_own_pictures(tmp_path):
    one = LabelledPicture("a", np.eye(3, dtype=np.uint8), (NamedLabel(1, "cat", (0, 0, 0)),), Path("x/a.jpg"))
    pictures = [one, *(LabelledPicture(f"{n}", one.labels, one.categories) for n in range(3))]
    summary = export(pictures, tmp_path, "coco", validation_share=0.5)
    for split, names in summary.pictures.items():
        content = json.loads((tmp_path / f"instances_{split}.json").read_text(encoding="utf-8"))
        assert [image["file_name"] for image in content["images"]] == [
            "a.jpg" if name == "a" else f"{name}.png" for name in names
        ]
        assert len({annotation["id"] for annotation in content["annotations"]}) == len(names)
