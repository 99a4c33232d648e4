"""Pictures that were once answered wrongly, from one end to the other: segment, export, read again.

The label files among them are in tests/imports/test_coco_of_tools.py, pixels of every kind in tests/pictures.
"""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image, ImageOps

from brief_training import brief_training
from commands import run_here
from napari_ovseg.file_names import path_of
from napari_ovseg.images import read_image
from napari_ovseg.imports import read_labelled
from napari_ovseg.models.clip import registry
from napari_ovseg.pictures import picture_size

FAULTS = Path(__file__).resolve().parents[2] / "shared" / "faults" / "inputs.py"
needs_faults = pytest.mark.skipif(not FAULTS.is_file(), reason="shared/faults is not here")
needs_model = pytest.mark.skipif(
    not (registry.DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not here"
)
pytestmark = needs_faults

NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
LONG = "細胞" * 40 + ".png"
COLOURED = [
    "cmyk.jpg",
    "cmyk.tif",
    "group4.tif",
    "jpeg.tif",
    "palette.tif",
    "tiff_lzw.tif",
    "tiff_deflate.tif",
]
TURNED = [f"turned_{way}.{kind}" for way in (3, 6) for kind in ("jpg", "png", "webp")]
SEGMENTED = [
    "turned_3.jpg", "turned_6.png", "turned_3.tif", "cmyk.jpg",
    "pixel_size.ome.tif", NOT_UTF8, LONG, "cells.png",
]  # fmt: skip


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "pics"
    runpy.run_path(str(FAULTS))["main"](folder)
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:400])
    return folder


@pytest.mark.parametrize("name", [*COLOURED, *TURNED])
def test_read_as_pillow_shows_it(faults, name):
    with Image.open(faults / name) as picture:
        shown = ImageOps.exif_transpose(picture)
        expected = np.asarray(shown if shown.mode in ("1", "L", "RGB") else shown.convert("RGB"))
    found = read_image(faults / name)
    # two decoders of JPEG may round apart
    np.testing.assert_allclose(
        found.astype(float), expected.astype(float), atol=2 if name == "jpeg.tif" else 0
    )
    assert picture_size(faults / name) == expected.shape[:2]


def test_white_is_zero_and_the_finest_level(faults):
    grey = np.asarray(Image.open(faults / "a.png").convert("L"))
    np.testing.assert_array_equal(read_image(faults / "white_is_zero.tif"), grey)
    assert read_image(faults / "pyramid.ome.tif").shape == (4096, 4096, 3)


@pytest.fixture(scope="module")
def segmented(faults):
    """Segment from inside the folder, by relative names, with a damaged picture in the middle."""
    with brief_training():
        done = run_here(
            faults, "segment", *SEGMENTED[:3], "broken.png", *SEGMENTED[3:],
            "--labels", "green rods, white debris", "--output", "../m", "--model", "demo", "--preset", "fast",
        )  # fmt: skip
    return faults.parent / "m", done


@needs_model
def test_one_bad_picture_ends_no_batch(segmented, faults):
    folder, done = segmented
    assert done.returncode == 1
    assert "broken.png" in done.stderr
    assert "Traceback" not in done.stderr
    entries = json.loads((folder / "categories.json").read_bytes())["images"]
    assert len(entries) == len(SEGMENTED) + 1
    whole = [entry for entry in entries if "masks" in entry]
    assert len(whole) == len(SEGMENTED)
    for entry in whole:
        assert len(os.fsencode(entry["masks"])) < 255
        with (
            Image.open(folder / entry["masks"]) as masks,
            Image.open(path_of(entry["image"], folder)) as own,
        ):
            assert masks.size == ImageOps.exif_transpose(own).size
    assert (folder / "cells_masks.png").is_file()


@needs_model
@pytest.mark.parametrize("format", ["yolo", "labelme", "ome-tiff", "coco", "png"])
def test_what_was_segmented_leaves_whole(segmented, tmp_path, format):
    folder, _ = segmented
    done = run_here(folder, "export", ".", "--format", format, "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    check = {
        "yolo": upright_copies, "labelme": found_from_there, "ome-tiff": pixel_size, "coco": ascii_only,
    }.get(format)  # fmt: skip
    if check is not None:
        check(tmp_path / "out")
    back = {one.name: one.labels for one in read_labelled(tmp_path / "out")}
    assert len(back) == len(SEGMENTED)
    if format in ("png", "ome-tiff"):
        before = sorted(read_labelled(folder), key=lambda one: one.name)
        for one, (_, labels) in zip(before, sorted(back.items()), strict=True):
            np.testing.assert_array_equal(labels, one.labels)


def upright_copies(out):
    names = yaml.load((out / "data.yaml").read_bytes(), yaml.CSafeLoader)["names"]
    assert list(names.values()) == ["green rods", "white debris"]
    pictures = sorted((out / "images/train").iterdir())
    assert len(pictures) == len(SEGMENTED)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.getexif().get(274, 1) == 1
    assert sorted(path.stem for path in pictures) == sorted(p.stem for p in (out / "labels/train").iterdir())


def found_from_there(out):
    files = sorted(out.glob("*.json"))
    assert len(files) == len(SEGMENTED)
    for file in files:
        content = json.loads(file.read_bytes())
        assert path_of(content["imagePath"], file.parent).exists()


def pixel_size(out):
    (file,) = out.glob("pixel_size*.ome.tif")
    with tifffile.TiffFile(file) as tiff:
        pixels = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == (0.25, "µm")


def ascii_only(out):
    content = (out / "instances.json").read_bytes()
    assert content.isascii()
    assert {image["file_name"] for image in json.loads(content)["images"]} >= {"cells.png", LONG}
