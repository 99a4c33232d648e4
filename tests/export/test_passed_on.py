from __future__ import annotations

import json

import numpy as np
import pytest

from napari_ovseg.export import FORMATS, export
from napari_ovseg.export.passed_on import passed_on, without_folders
from napari_ovseg.imports import read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

READY = [name for name in FORMATS if name != "ome-zarr"]


def made_from(home) -> LabelledPicture:
    labels = np.zeros((5, 7), np.uint8)
    labels[1:3, 1:4] = 1
    record = {
        "read_from": str(home / "given" / "link to cell.json"),
        "taken_from": str(home / "given" / "cell.json"),
        "checkpoint": str(home / "weights" / "mine.pt"),
        "notes": [
            f"Of the work the latest was taken, {home / 'new' / 'a.ovseg'}, and not {home / 'b.ovseg'}."
        ],
        "seed": 3,
    }
    return LabelledPicture("cell", labels, (NamedLabel(1, "cell", (1, 2, 3)),), record=record)


@pytest.mark.parametrize("name", READY)
def test_no_file_says_where_a_persons_folders_lie(tmp_path, name):
    home = tmp_path / "home of somebody"
    out = home / "out"
    export([made_from(home)], out, name)
    for path in out.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if path.suffix == ".npz":
            content = str(np.load(path)["about"]).encode()
        assert b"home of somebody" not in content, path
    entry = json.loads((out / FORMATS[name].names_file).read_text(encoding="utf-8"))["images"][0]
    assert entry["record"] == {
        "read_from": "../given/link to cell.json",
        "taken_from": "cell.json",
        "checkpoint": "mine.pt",
        "notes": ["Of the work the latest was taken, a.ovseg, and not b.ovseg."],
        "seed": 3,
    }


@pytest.mark.parametrize("name", ["png", "npz"])
def test_slices_of_one_name_from_two_folders_come_back_and_go_out_again(tmp_path, name):
    for folder in ("one", "two"):
        export([made_from(tmp_path / folder)], tmp_path / folder / "out", name)
    found = (
        [one for folder in ("one", "two") for one in read_labelled(tmp_path / folder / "out")]
        if (name == "png")
        else [
            one
            for folder in ("one", "two")
            for one in read_labelled(tmp_path / folder / "out" / "cell.ovseg.npz")
        ]
    )
    assert len(export(found, tmp_path / "both", name).files) == 3


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("/home/a b/c.json can't be read.", "c.json can't be read."),
        (r"Take 'C:\Users\me\x.tif' or (/tmp/y.tif).", "Take 'x.tif' or (y.tif)."),
        ("../near/c.json, cats and/or dogs, 3 / 4 / 5.", "../near/c.json, cats and/or dogs, 3 / 4 / 5."),
        ("See https://example.org/a/b.", "See https://example.org/a/b."),
    ],
)
def test_of_whole_paths_in_sentences_the_name_is_left(sentence, left):
    assert without_folders(sentence) == left


def test_a_model_that_is_no_file_keeps_its_name(tmp_path):
    assert passed_on({"checkpoint": "openai/clip", "notes": 3}, tmp_path) == {
        "checkpoint": "openai/clip",
        "notes": 3,
    }
