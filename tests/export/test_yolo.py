from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from imagecodecs import png_encode
from PIL import Image, ImageOps
from scipy import ndimage
from skimage.draw import polygon2mask

from drawn import labelled, void_of
from napari_ovseg.export import export
from napari_ovseg.export.yolo import _quoted
from napari_ovseg.file_names import as_text
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
    said = [note for note in summary.notes if "filled, because" in note]
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


NAMES = [
    *("yes", "1", "null", "a: b", "#x", "- no", "{e}", "'", '"', "\\", "tab\there", "two\nlines", " edge "),
    *(
        "🧫",
        "猫",
        "a\u2028b",
        "a\u2029b",
        "a\x85b",
        "a\ufeffb",
        "\ufeffa",
        "e\u0301",
        "می\u200cروم",
        "\x00\x1f\x7f",
        "\ue000",
        "\uffff",
        "%d",
    ),
]


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_names_of_any_letters_reach_yolo(tmp_path, loader):
    categories = tuple(NamedLabel(n, name, (0, 0, 0)) for n, name in enumerate(NAMES, 1))
    export([LabelledPicture("a", np.zeros((4, 6), np.uint8), categories)], tmp_path, "yolo")
    text = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    assert "🧫" in text
    # Ultralytics removes these before it parses, in C where that is there
    text = re.sub(r"[^\x09\x0A\x0D\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\U00010000-\U0010ffff]+", "", text)
    read = yaml.load(text, Loader=getattr(yaml, loader))
    assert list(read["names"].values()) == NAMES
    assert "path" not in read


@settings(max_examples=30)
@given(st.text(min_size=1))
def test_any_text_is_quoted_so_that_yaml_reads_it(name):
    assert yaml.load(_quoted(name), Loader=yaml.CSafeLoader) == as_text(name)


def written(folder: Path, name: str, save) -> tuple[Path, np.ndarray]:
    """Export one picture and return what lies in images/, and what Pillow shows of the original, upright."""
    path = folder / name
    save(path)
    with Image.open(path) as picture:
        shown = ImageOps.exif_transpose(picture)
        shape, shown = shown.size[::-1], np.asarray(shown.convert("RGB"))
    cat = (NamedLabel(3, "cat", (0, 0, 0)),)
    export([LabelledPicture("a", np.zeros(shape, np.uint8), cat, path)], folder / "o", "yolo")
    (copy,) = (folder / "o" / "images" / "train").iterdir()
    return copy, shown


PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_written_picture_is_upright_and_has_no_tag(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    copy, shown = written(tmp_path, f"p.{suffix}", lambda path: PHOTO.save(path, exif=exif))
    with Image.open(copy) as picture:
        assert picture.getexif().get(274, 1) == 1
        assert (picture.format == "PNG") == (orientation != 1 or suffix == "png")
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), shown)
    if orientation == 1:
        assert copy.read_bytes() == (tmp_path / f"p.{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["16.png", "16.tif", "float.tif", "rgb16.png", "gif.gif", "odd.ending"])
def test_what_yolo_would_read_otherwise_is_written_as_shown(tmp_path, name):
    ramp = np.arange(96, dtype=np.uint16).reshape(8, 12) * 40
    saves = {
        "16.png": Image.fromarray(ramp).save,
        "16.tif": Image.fromarray(ramp).save,
        "float.tif": Image.fromarray(ramp.astype(np.float32)).save,
        "rgb16.png": lambda path: path.write_bytes(png_encode(np.stack([ramp, ramp + 9, ramp[::-1]], -1))),
        "gif.gif": PHOTO.save,
        "odd.ending": lambda path: PHOTO.save(path, format="BMP"),
    }
    copy, shown = written(tmp_path, name, saves[name])
    with Image.open(copy) as picture:
        assert (picture.format, copy.suffix) == ("PNG", ".png")
        seen = np.asarray(picture.convert("RGB"))
    if name in ("gif.gif", "odd.ending"):
        np.testing.assert_array_equal(seen, shown)
    else:
        # of 16 bits the range that is used becomes all of 8
        assert (seen.min(), seen.max()) == (0, 255)
        expected = ramp * (255 / ramp.max())
        assert np.abs(seen[..., 0].astype(float) - expected).max() <= 2


def test_pictures_of_another_size_or_that_are_broken_are_said(tmp_path):
    PHOTO.save(tmp_path / "p.png")
    (tmp_path / "b.xyz").write_bytes(b"no picture")
    cat = (NamedLabel(3, "cat", (0, 0, 0)),)
    pictures = [
        LabelledPicture("p", np.zeros((16, 24), np.uint8), cat, tmp_path / "p.png"),
        LabelledPicture("b", np.zeros((16, 24), np.uint8), cat, tmp_path / "b.xyz"),
    ]
    notes = export(pictures, tmp_path / "o", "yolo").notes
    assert any("another size" in note and "'p'" in note for note in notes)
    assert any("can't be read" in note and "'b'" in note for note in notes)


def test_an_unknown_picture_is_asked_for(tmp_path):
    cat = (NamedLabel(3, "cat", (0, 0, 0)),)
    notes = export([LabelledPicture("a", np.zeros((4, 6), np.uint8), cat)], tmp_path, "yolo").notes
    # where its reader looks for it
    assert yaml.safe_load((tmp_path / "data.yaml").read_text(encoding="utf-8"))["train"] == "images/train"
    assert any(note.startswith("1 picture has no known file: put each into images/train/,") for note in notes)


def test_a_picture_that_can_t_be_opened_ends_no_export(tmp_path, monkeypatch):
    path = tmp_path / "locked.png"
    Image.new("RGB", (8, 6)).save(path)
    opened = Path.open

    def locked(self, *arguments, **more):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", locked)
    category = NamedLabel(1, "cat", (1, 2, 3))
    one = LabelledPicture("locked", np.ones((6, 8), np.uint8), (category,), picture_path=path)
    summary = export([one], tmp_path / "out", "yolo")
    assert (tmp_path / "out/labels/train/locked.txt").is_file()
    assert not (tmp_path / "out/images").exists()
    assert "can't be read" in str(summary)
