"""Names of files and paths in them: as people have them, in every format."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from napari_ovseg.errors import InputError, LossError
from napari_ovseg.export import FORMATS, export, export_file
from napari_ovseg.file_names import path_of
from napari_ovseg.imports import read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

LABELS = np.zeros((6, 9), np.uint8)
LABELS[1:4, 2:5] = 1
CELL = (NamedLabel(1, "cell", (230, 25, 75)),)
NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
LONG = "細胞" * 40 + ".png"
BYTES_ARE_NAMES = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


def labelled(path: Path, name: str | None = None) -> LabelledPicture:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with path.open("wb") as file:
            Image.new("RGB", (9, 6), (1, 2, 3)).save(file, format="PNG")
    return LabelledPicture(name or path.stem, LABELS, CELL, path)


def maps(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith("categories.")]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def strict_json(path: Path) -> dict:
    """Read as readers do that take nothing but Unicode."""
    text = path.read_bytes().decode("utf-8")
    content = json.loads(text)
    json.dumps(content, ensure_ascii=False).encode()
    return content


@BYTES_ARE_NAMES
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("file", [NOT_UTF8, LONG], ids=["not UTF-8", "long"])
def test_a_picture_of_any_name_is_exported_and_the_summary_can_be_printed(tmp_path, name, file):
    summary = export([labelled(tmp_path / "pics" / file)], tmp_path / "out", name)
    str(summary).encode()
    for path in files(tmp_path / "out"):
        path.encode()
        assert max(len(part.encode()) for part in Path(path).parts) < 250
        if path.endswith((".json", ".geojson", ".ovseg")):
            strict_json(tmp_path / "out" / path)
        if path.endswith(".yaml"):
            yaml.safe_load((tmp_path / "out" / path).read_text(encoding="utf-8"))
    if file == LONG and name not in ("coco",):
        assert any(LONG in note and "-" in note for note in summary.notes)
    entry = strict_json(maps(tmp_path / "out")[0])["images"][0]
    assert path_of(entry["image"], tmp_path / "out").samefile(tmp_path / "pics" / file)


@BYTES_ARE_NAMES
@pytest.mark.parametrize("name", ["png", "npz", "coco"])
def test_a_picture_of_any_name_is_found_again(tmp_path, name):
    pictures = [labelled(tmp_path / "pics" / file) for file in (NOT_UTF8, LONG, "%E9 of itself.png")]
    export(pictures, tmp_path / "out", name)
    back = read_labelled(tmp_path / "out")
    assert [one.picture_path.name for one in back] == [NOT_UTF8, LONG, "%E9 of itself.png"]
    again = export(back, tmp_path / "again", "labelme")
    said = [strict_json(path)["imagePath"] for path in again.files[:-1]]
    assert "../pics/caf%E9.png" in said


@pytest.mark.parametrize("name", ["png", "npz", "coco"])
def test_folders_that_are_moved_together_keep_their_pictures(tmp_path, name, monkeypatch):
    pictures = tmp_path / "project/pics"
    labelled(pictures / "a.png")
    monkeypatch.chdir(pictures)
    export([LabelledPicture("a", LABELS, CELL, Path("a.png"))], "../m", name)
    text = b"".join(path.read_bytes() for path in (tmp_path / "project/m").iterdir())
    assert str(tmp_path).encode() not in text
    monkeypatch.chdir(tmp_path)
    shutil.move("project", "elsewhere")
    (found,) = read_labelled("elsewhere/m")
    assert found.picture_path.samefile(tmp_path / "elsewhere/pics/a.png")
    # a picture of the same path in the working folder is another one
    (tmp_path / "pics").mkdir()
    labelled(tmp_path / "pics/a.png")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir("deep")
    (found,) = read_labelled("../elsewhere/m")
    assert found.picture_path.samefile(tmp_path / "elsewhere/pics/a.png")


def test_a_link_keeps_the_name_that_a_person_gave(tmp_path):
    labelled(tmp_path / "store/3f2a", "x")
    link = tmp_path / "cells.png"
    link.symlink_to("store/3f2a")
    export([labelled(link)], tmp_path / "yolo", "yolo")
    assert "images/train/cells.png" in files(tmp_path / "yolo")
    export([labelled(link)], tmp_path / "coco", "coco")
    image = json.loads((tmp_path / "coco/instances.json").read_text(encoding="utf-8"))["images"][0]
    assert (image["file_name"], image["path"]) == ("cells.png", "../cells.png")
    (back,) = read_labelled(tmp_path / "coco")
    assert back.name == "cells"
    assert back.picture_path.name == "cells.png"


@pytest.mark.parametrize("target", ["a_masks.png", "real.png"])
def test_neither_a_link_to_a_picture_nor_what_it_leads_to_is_replaced(tmp_path, target):
    out = tmp_path / "out"
    labelled(out / "real.png")
    (out / "a_masks.png").symlink_to("real.png")
    with pytest.raises(LossError, match="one of the pictures"):
        export([labelled(out / target, "a")], out, "png", overwrite=True)
    assert (out / "a_masks.png").is_symlink()


def test_pictures_of_one_name_keep_apart_in_every_format_that_has_a_file_each(tmp_path):
    one, other = labelled(tmp_path / "day1/a.png"), labelled(tmp_path / "day2/a.png")
    for name in FORMATS:
        summary = export([one, other], tmp_path / name, name)
        assert summary.pictures == {"": ("day1_a", "day2_a")}
        assert any("'day1_a' is " in note and "'day2_a' is " in note for note in summary.notes)
    listed = json.loads((tmp_path / "coco/instances.json").read_text(encoding="utf-8"))["images"]
    assert [image["file_name"] for image in listed] == ["day1/a.png", "day2/a.png"]
    assert {"images/train/day1_a.png", "labels/train/day2_a.txt"} <= set(files(tmp_path / "yolo"))
    split = export([one, other], tmp_path / "split", "png", validation_share=0.5).pictures
    assert {len(names) for names in split.values()} == {1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.png", "a.jpg"),
        ("A.png", "a.png"),
        (unicodedata.normalize("NFC", "é.png"), unicodedata.normalize("NFD", "é.png")),
        ("a:b.png", "a?b.png"),
        ("categories.png", "CON.png"),
    ],
)
def test_names_that_some_file_system_takes_for_one(tmp_path, first, second):
    pictures = [labelled(tmp_path / first), labelled(tmp_path / second)]
    summary = export(pictures, tmp_path / "out", "png")
    stems = [path.name.removesuffix("_masks.png") for path in summary.files[:-1]]
    assert len({unicodedata.normalize("NFC", stem).casefold() for stem in stems}) == 2
    assert not {"con", "categories"} & {stem.casefold() for stem in stems}
    assert all(stem in " ".join(summary.notes) for stem in stems)
    back = read_labelled(tmp_path / "out")
    assert [one.picture_path.name for one in back] == [first, second]


def test_slices_of_stacks_of_one_name_are_told_apart_by_what_they_were_read_from(tmp_path):
    slices = [
        LabelledPicture("e_0003", LABELS, CELL, record={"read_from": str(tmp_path / day / "e.tif.ovseg")})
        for day in ("day1", "day2")
    ]
    assert export(slices, tmp_path / "o", "png").pictures == {"": ("day1_e_0003", "day2_e_0003")}
    with pytest.raises(InputError, match=r"there twice, from .*day1"):
        export([slices[0], slices[0]], tmp_path / "p", "png")


def test_one_file_of_a_long_name_has_its_map_and_comes_back(tmp_path):
    path = tmp_path / ("細" * 83 + ".png")
    summary = export_file([labelled(tmp_path / "a.png")], path, "png")
    assert summary.files[0] == path
    assert all(file.is_file() for file in summary.files)
    (back,) = read_labelled(path)
    assert back.picture_path == tmp_path / "a.png"
    assert back.categories == CELL
