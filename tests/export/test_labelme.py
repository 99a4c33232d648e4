from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from PIL import Image
from skimage.draw import polygon2mask

from drawn import labelled, many, void_of
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel


def mask_of(shape: dict, size: tuple[int, int]) -> np.ndarray:
    """Read a shape as LabelMe documents it: a polygon, or a PNG in a box that includes its last pixel."""
    if shape["shape_type"] == "polygon":
        return polygon2mask(size, np.array(shape["points"])[:, ::-1] - 0.5 + 1e-4)
    mask = np.zeros(size, bool)
    (left, top), (right, bottom) = np.array(shape["points"]).astype(int)
    with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as file:
        mask[top : bottom + 1, left : right + 1] = np.asarray(file).astype(bool)
    return mask


def check(content: dict, one: LabelledPicture) -> None:
    ids = {category.name: category.id for category in one.categories} | {"__ignore__": void_of(one)}
    read = np.zeros(one.labels.shape, np.int64)
    assert (content["imageHeight"], content["imageWidth"]) == one.labels.shape
    for shape in content["shapes"]:
        mask = mask_of(shape, one.labels.shape)
        assert not read[mask].any()
        read[mask] = ids[shape["label"]]
    np.testing.assert_array_equal(read, one.labels)


@settings(max_examples=50)
@given(labelled())
def test_shapes_cover_the_same_pixels(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("labelme")
    export([one], folder, "labelme")
    check(json.loads((folder / "a.json").read_text(encoding="utf-8")), one)


def test_three_hundred_categories_with_holes_are_masks_and_said(tmp_path):
    summary = export([many()], tmp_path, "labelme")
    content = json.loads((tmp_path / "many.json").read_text(encoding="utf-8"))
    check(content, many())
    masks = [shape for shape in content["shapes"] if shape["shape_type"] == "mask"]
    assert masks
    assert any(note.startswith(f"{len(masks)} regions with holes") for note in summary.notes)


def test_the_picture_is_found_from_the_json(tmp_path):
    path = tmp_path / "photos" / "b.jpg"
    path.parent.mkdir()
    path.touch()
    pictures = [
        LabelledPicture(name, np.zeros((4, 6), np.uint8), (NamedLabel(3, "cat", (0, 0, 0)),), path)
        for name in ("a", "b")
    ]
    for folder, share in (("flat", 0.0), ("split", 0.5)):
        export(pictures, tmp_path / folder, "labelme", validation_share=share)
        for written in [p for p in (tmp_path / folder).rglob("*.json") if p.name != "categories.json"]:
            target = json.loads(written.read_text())["imagePath"]
            assert Path(os.path.normpath(written.parent / target)) == path
            assert "\\" not in target
