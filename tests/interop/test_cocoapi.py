"""The COCO API opens files in the encoding of the system, which is not UTF-8 everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from pycocotools.coco import COCO

from drawn import many
from hard_pictures import COLOUR_OF, NAME_OF, PIXEL_SIZE, PLAIN, TURNED, UNIT, labels, same_things, things
from napari_ovseg.export import export


@pytest.mark.parametrize("polygons", [False, True])
def test_masks_boxes_and_areas(exported, polygons):
    folder = exported("coco", **({"polygons": True} if polygons else {}))
    read = COCO(folder / "instances.json")
    assert {one["id"]: one["name"] for one in read.loadCats(read.getCatIds())} == NAME_OF
    assert {one["id"]: tuple(one["color"]) for one in read.loadCats(read.getCatIds())} == COLOUR_OF
    for picture in read.loadImgs(read.getImgIds()):
        name = TURNED if picture["file_name"] == f"{TURNED}.png" else PLAIN
        drawn = labels(name == TURNED)
        assert picture["file_name"] == f"{name}.png"
        assert (picture["height"], picture["width"]) == drawn.shape
        assert (tuple(picture["pixel_size"]), picture["unit"]) == (PIXEL_SIZE, UNIT)
        annotations = read.loadAnns(read.getAnnIds(imgIds=picture["id"]))
        masks = [read.annToMask(one) for one in annotations]
        same_things(
            [(NAME_OF[one["category_id"]], mask) for one, mask in zip(annotations, masks, strict=True)],
            list(things(drawn)),
        )
        for one, mask in zip(annotations, masks, strict=True):
            rows, columns = np.nonzero(mask)
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert (one["area"], one["bbox"]) == (mask.sum(), box)


def test_three_hundred_categories(tmp_path):
    export([many()], tmp_path, "coco")
    read = COCO(tmp_path / "instances.json")
    drawn = np.zeros(many().labels.shape, np.uint16)
    for one in read.loadAnns(read.getAnnIds()):
        drawn[read.annToMask(one).astype(bool)] = one["category_id"]
    np.testing.assert_array_equal(drawn, np.where(many().labels == 65535, 0, many().labels))


def test_names_are_read_where_the_system_is_not_in_utf_8(exported):
    code = (
        "import json, sys; from pycocotools.coco import COCO; read = COCO(sys.argv[1]);"
        "print(json.dumps([one['name'] for one in read.dataset['categories']]))"
    )
    plain = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, exported("coco") / "instances.json"],
        env=plain,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == list(NAME_OF.values())
