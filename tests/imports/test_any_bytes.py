"""Whatever a file holds, a reader gives pictures or one of our errors, in memory that the picture bounds."""

from __future__ import annotations

import copy
import io
import json
import os
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ovseg.errors import OvsegError
from napari_ovseg.export import export
from napari_ovseg.export.plan import Notes
from napari_ovseg.export.table import one_table
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

# OVSEG_WILD_CASES=2000 tries that many of each kind.
CASES = int(os.environ.get("OVSEG_WILD_CASES", "150"))
LABELS = np.eye(4, 6, dtype=np.uint8) * 7
CATEGORIES = (NamedLabel(2, "cat", (1, 2, 3), ("tom",)), NamedLabel(7, "dog", (4, 5, 6)))
SQUARE = [1, 1, 4, 1, 4, 3, 1, 3]
COCO = {
    "images": [
        {"id": 1, "file_name": "a.png", "height": 4, "width": 6, "pixel_size": [1, 2], "unit": "um"},
        {"id": 2, "file_name": "sub/b.png", "height": 4, "width": 6},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [SQUARE], "bbox": [1, 1, 3, 2]},
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": {"size": [4, 6], "counts": [4, 8, 12]}},
        {"id": 3, "image_id": 2, "category_id": 2, "segmentation": {"size": [4, 6], "counts": "488000"}},
        {"id": 4, "image_id": 2, "category_id": 1, "segmentation": SQUARE, "iscrowd": 0},
    ],
    "categories": [
        {"id": 1, "name": "cat", "supercategory": "animal", "color": [1, 2, 3], "synonyms": ["tom"]},
        {"id": 2, "name": "dog", "supercategory": "animal", "color": "#0a0b0c"},
    ],
}
NAN, INF = float("nan"), float("inf")
WILD = [
    None, True, False, 0, 1, -1, 2, 255, 256, 65535, 65536, 2**31, 2**63, 10**30, -(10**12), 1e9, 1e308, 0.5,
    1.0, NAN, INF, -INF, -0.0, 5e-324, "", "1", "50", "1.0", "#f00", "rgb(1,2,300)", "../../x.png",
    "/etc/passwd", "a\0b",
    "\ud800", "x" * 5000, "cat", "http://x/a.png", "\u200b", [], {}, [[]], [[[]]], [{}], [1, 2, 3],
    [NAN, 1, 2, 3, 4, 5], [1e9] * 6, [None] * 6, ["1"] * 6, [-5, 10, 19], {"counts": "0"},
    {"size": [1, 1], "counts": [1]}, {"size": [4, 6], "counts": "zz~"}, {"a": {"id": 1}},
]  # fmt: skip


def places(content, path=()):
    """All places of nested lists and objects."""
    inside = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    yield path
    for key, value in inside:
        yield from places(value, (*path, key))


def changed(content, path, value):
    if not path:
        return value
    content = copy.deepcopy(content)
    inside = content
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return content


def wildly_changed(content, chance):
    for _ in range(chance.randint(1, 3)):
        content = changed(content, chance.choice(list(places(content))), chance.choice(WILD))
    return json.dumps(content).encode()


def damaged(whole, chance):
    kind = chance.choice(["cut", "flipped", "random", "again"])
    if kind == "random":
        return chance.randbytes(chance.randint(0, 60))
    start, end = chance.randint(0, len(whole)), chance.randint(0, len(whole))
    if kind == "cut":
        return whole[:end]
    if kind == "again":
        return whole[:end] + whole[start:]
    part = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        part[chance.randrange(len(whole))] = chance.randrange(256)
    return bytes(part)


def answers(path: Path) -> None:
    """Reading gives an error of ours, or pictures that can be written again."""
    try:
        is_labelled(path)
        pictures = read_labelled(path)
        for picture in pictures:
            if picture.picture_path is not None and picture.picture_path.is_file():
                assert picture.labels.size <= 24 * 256
            json.dumps(picture.record)
            "".join(picture.record.get("notes", ())).encode()
            one_table([picture], Notes())
    except OvsegError as error:
        assert str(error).count("\n") == 0  # noqa: PT017


def cases(test):
    """Run a test many times with a source of chance, of which a failure names the seed."""
    seeds = st.integers(0, 2**32).map(random.Random)
    return settings(max_examples=CASES, suppress_health_check=list(HealthCheck))(given(chance=seeds)(test))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    Image.new("L", (6, 4)).save(folder / "a.png")
    return folder


@cases
def test_coco_with_wild_values(folder, chance):
    (folder / "x.json").write_bytes(wildly_changed(COCO, chance))
    answers(folder / "x.json")


@cases
def test_coco_of_any_bytes(folder, chance):
    (folder / "x.json").write_bytes(damaged(json.dumps(COCO).encode(), chance))
    answers(folder / "x.json")


@pytest.fixture(scope="module")
def png(tmp_path_factory):
    folder = tmp_path_factory.mktemp("png")
    export([LabelledPicture("a", LABELS, CATEGORIES)], folder, "png")
    return folder


PNG = {
    "categories": [
        {"id": 0, "name": "background", "synonyms": [], "colour": "#000000"},
        {"id": 2, "name": "cat", "synonyms": ["tom"], "colour": "#010203"},
    ],
    "void": {"id": 255, "colour": "#ffffff"},
    "settings": {},
    "images": [{"image": "a.png", "name": "a", "masks": "a_masks.png", "record": {}, "pixel_size": [1, 1]}],
}


@cases
def test_categories_with_wild_values(png, chance):
    (png / "categories.json").write_bytes(wildly_changed(PNG, chance))
    answers(png)


@cases
def test_png_of_any_bytes(png, chance):
    (png / "categories.json").write_text(json.dumps(PNG))
    stream = io.BytesIO()
    Image.fromarray(LABELS).save(stream, format="PNG")
    (png / "a_masks.png").write_bytes(damaged(stream.getvalue(), chance))
    answers(png / "categories.json")


def npz_of(**changes):
    about = {"name": "a", "picture": "a.png", "synonyms": [["tom"], []], "record": {}}
    arrays = {
        "labels": LABELS,
        "ids": np.array([2, 7], np.uint16),
        "names": np.array(["cat", "dog"]),
        "colours": np.array([[1, 2, 3], [4, 5, 6]], np.uint8),
        "void": np.array(255),
        "about": np.array(json.dumps(about)),
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, **(arrays | changes))
    return stream.getvalue()


NPZ = npz_of()


@cases
def test_npz_of_any_bytes(tmp_path_factory, chance):
    path = tmp_path_factory.getbasetemp() / "x.npz"
    path.write_bytes(damaged(NPZ, chance))
    answers(path)


def wild_array(chance):
    value = chance.choice(WILD)
    shape = [chance.randint(0, 3) for _ in range(chance.randint(0, 3))]
    return chance.choice(
        [
            np.zeros(shape, chance.choice(["u1", ">u2", "u4", "i8", "f4", "U3", "S3", "?", "c8", "M8[s]"])),
            np.array([chance.randint(-5, 2**20) for _ in range(2)]),
            np.array([chance.choice(["", "a", "cat", "\ud800", "\n"]) for _ in range(2)]),
            np.array(json.dumps(value)),
            np.array(json.dumps({"synonyms": [value, value], "name": value, "record": value})),
        ]
    )


@cases
def test_npz_with_wild_arrays(tmp_path_factory, chance):
    path = tmp_path_factory.getbasetemp() / "x.npz"
    name = chance.choice(["labels", "ids", "names", "colours", "about"])
    path.write_bytes(npz_of(**{name: wild_array(chance)}))
    answers(path)


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [("labels", (10**6, 10**6), "|u1"), ("labels", (10**12,), "|u1"), ("names", (10**12,), "<U1"),
     ("names", (1,), "<U999999999"), ("colours", (10**12, 3), "|u1"), ("labels", (4, 6), "|O"),
     ("labels", (10**30, 10**30), "|u1"), ("labels", (-1, 6), "|u1")],
)  # fmt: skip
def test_arrays_that_claim_more_than_they_hold(tmp_path, name, shape, kind):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz_of())) as old, zipfile.ZipFile(stream, "w") as new:
        for other in old.namelist():
            new.writestr(other, old.read(other))
        new.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00\x76\x00" + header.encode())
    path = tmp_path / "x.npz"
    path.write_bytes(stream.getvalue())
    with pytest.raises(OvsegError, match="can't be read as labels"):
        read_labelled(path)
