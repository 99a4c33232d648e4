"""Where files are, what mask values mean, and what is said when they are wrong."""

from __future__ import annotations

import re
import shlex
import typing
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.cli.evaluate import DatasetName, Protocol, Reading
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import DATASETS, VOID, open_dataset
from napari_ovseg.evaluation.problems import BadDataset, BadPicture
from napari_ovseg.evaluation.truth import classes_in, read_pair
from napari_ovseg.models.clip.registry import DEFAULT
from napari_ovseg.models.clip.relevance import METHODS
from napari_ovseg.wording import NONE, PACKS

from . import archives
from .archives import COUNTS


@pytest.mark.parametrize(
    ("name", "values", "classes"),
    [
        ("voc21", (0, 1, 20, 255), ("background", "aeroplane", "tv monitor", None)),
        ("voc20", (0, 1, 20, 255), (None, "aeroplane", "tv monitor", None)),
        ("context60", (0, 1, 2, 59), ("background", "aeroplane", "bag", "wood")),
        ("context59", (0, 1, 2, 59), (None, "aeroplane", "bag", "wood")),
        # values are COCO's ids less one, with its gaps: 1 person, 90 toothbrush, 92 banner, 182 wood
        ("coco-stuff", (0, 89, 91, 181, 255), ("person", "toothbrush", "banner", "wood", None)),
        ("coco-stuff", (10, 12, 24, 26), ("fire hydrant", "stop sign", "giraffe", "backpack")),
        (
            "coco-object",
            (0, 89, 91, 181, 255),
            ("person", "toothbrush", "background", "background", "background"),
        ),
        ("ade20k", (0, 1, 150), (None, "wall", "flag")),
        ("cityscapes", (0, 7, 9, 17, 26, 33), (None, "road", None, "pole", "car", "bicycle")),
        ("camvid", (0, 10, 11), ("sky", "bicyclist", None)),
        ("nuclei", (0, 255), ("background", "nuclei")),
    ],
)
def test_values_mean_what_the_papers_count(tmp_path, name, values, classes):
    archives.build(tmp_path, name, *values)
    dataset = open_dataset(name, tmp_path)
    assert len(dataset.names) == COUNTS[name]
    assert dataset.has_background == (dataset.names[0] == "background")
    (pair,) = dataset.pairs
    _, truth = read_pair(dataset, pair)
    stripes = truth[0, [(2 * k + 1) * truth.shape[1] // (2 * len(values)) for k in range(len(values))]]
    assert [None if k == VOID else dataset.names[k] for k in stripes] == list(classes)
    assert truth.dtype == np.int32
    assert VOID not in classes_in(truth)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("voc21", 21),
        ("context59", 60),
        ("coco-stuff", 11),
        ("ade20k", 151),
        ("cityscapes", 34),
        ("camvid", 12),
    ],
)
def test_a_class_beyond_the_list_is_named_with_its_file(tmp_path, name, value):
    archives.build(tmp_path, name, 1, value)
    dataset = open_dataset(name, tmp_path)
    with pytest.raises(BadPicture, match=f"{dataset.pairs[0].masks[0]} holds the value {value}"):
        read_pair(dataset, dataset.pairs[0])


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_what_is_not_there_is_said(tmp_path, name):
    with pytest.raises(BadDataset, match=f"There is no .*{tmp_path}"):
        open_dataset(name, tmp_path / "nowhere")
    (tmp_path / "ADEChallengeData2016").mkdir()
    with pytest.raises(BadDataset, match="There is no"):
        open_dataset(name, tmp_path)


def test_a_missing_split_file_names_those_that_are_there(tmp_path):
    archives.build(tmp_path, "voc21", 0)
    with pytest.raises(BadDataset, match=r"no split file .*trainval\.txt: --split can be val\."):
        open_dataset("voc21", tmp_path, split="trainval")


@pytest.mark.parametrize("inside", [".", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_the_root_may_be_any_folder_on_the_way(tmp_path, inside):
    archives.build(tmp_path, "voc21", 0)
    assert open_dataset("voc21", tmp_path / inside).pairs[0].picture.is_file()


@pytest.mark.parametrize("name", ["voc21", "voc20"])
def test_some_photos_of_voc_may_lie_in_a_folder_of_ones_own(tmp_path, name):
    for stem in ("b", "a", "c"):
        archives.picture(tmp_path / f"images/{stem}.jpg")
        archives.mask(tmp_path / f"masks/{stem}.png", 0, 12, 255, palette=True)
    dataset = open_dataset(name, tmp_path, split="all")
    assert [pair.key for pair in dataset.pairs] == ["a", "b", "c"]
    _, classes = read_pair(dataset, dataset.pairs[0])
    assert "dog" in {dataset.names[k] for k in np.unique(classes) if k != VOID}
    archives.text(tmp_path / "val.txt", "c")
    assert [pair.key for pair in open_dataset(name, tmp_path).pairs] == ["c"]


def test_a_mask_without_a_picture_and_a_picture_without_a_mask_are_both_seen(tmp_path):
    archives.build(tmp_path, "ade20k", 1)
    base = tmp_path / "ADEChallengeData2016"
    archives.mask(base / "annotations/validation/ADE_val_00000002.png", 1)
    archives.picture(base / "images/validation/ADE_val_00000003.jpg")
    dataset = open_dataset("ade20k", tmp_path)
    problems = {}
    for pair in dataset.pairs:
        try:
            read_pair(dataset, pair)
        except BadPicture as error:
            problems[pair.key] = str(error)
    assert problems["ADE_val_00000002"].startswith(f"There is no picture {base}")
    assert problems["ADE_val_00000003"].startswith(f"There is no mask {base}")
    assert len(dataset.pairs) == 3
    assert len(problems) == 2


def test_a_mask_of_another_size_is_named_with_both_sizes(tmp_path):
    base = archives.voc(tmp_path, {"a": (0,)})
    path = archives.mask(base / "SegmentationClass/a.png", 0, size=(10, 12))
    dataset = open_dataset("voc21", tmp_path)
    with pytest.raises(BadPicture, match=f"{path} is 12 x 10 pixels, but .*a.jpg is 32 x 24"):
        read_pair(dataset, dataset.pairs[0])


def test_unreadable_files_and_masks_of_colours_are_named(tmp_path):
    base = archives.voc(tmp_path, {"a": (0,), "b": (0,), "c": (0,), "d": (0,)})
    (base / "JPEGImages/a.jpg").write_bytes(b"no picture")
    (base / "SegmentationClass/b.png").write_bytes(b"no mask")
    archives.picture(base / "SegmentationClass/c.png")
    Image.fromarray(np.zeros((*archives.SIZE, 3), np.uint8)).save(base / "JPEGImages/d.jpg")
    dataset = open_dataset("voc21", tmp_path)
    for pair, said in zip(
        dataset.pairs,
        (
            "a.jpg can't be read as a picture",
            "b.png can't be read as a mask",
            "c.png has 3 channels, such as colours",
            "d.jpg: ",
        ),
        strict=True,
    ):
        with pytest.raises(BadPicture, match=said):
            read_pair(dataset, pair)


@pytest.mark.parametrize(
    ("save", "said"),
    [
        (lambda at: Image.fromarray(np.zeros(archives.SIZE, np.float32)).save(at), "holds float32 values"),
        (lambda at: tifffile.imwrite(at, np.zeros((2, *archives.SIZE), np.uint8)), "has 2 pages"),
        (lambda at: at.mkdir(), "is a folder, not a mask"),
        (
            lambda at: at.write_bytes(b""),
            "can't be read as a mask, as it is empty",
        ),
    ],
    ids=["fractions", "pages", "folder", "empty"],
)
def test_masks_that_hold_no_class_values_are_told_apart(tmp_path, save, said):
    own_folder(tmp_path, "background", "cell")
    (tmp_path / "masks/one.png").unlink()
    save(tmp_path / "masks/one.tif")
    dataset = open_dataset("folder", tmp_path)
    with pytest.raises(BadPicture, match=rf"one\.tif.*{said}"):
        read_pair(dataset, dataset.pairs[0])


def own_folder(root, *names: str, values=(0, 1)):
    archives.picture(root / "images/one.jpg")
    archives.mask(root / "masks/one.png", *values)
    archives.text(root / "classes.txt", *names)
    return root


def test_a_folder_of_ones_own_with_void_in_its_list(tmp_path):
    own_folder(tmp_path, "# mine", "sky", "void", "road", values=(0, 1, 2, 255))
    dataset = open_dataset("folder", tmp_path)
    assert dataset.names == ("sky", "road")
    assert not dataset.has_background
    _, truth = read_pair(dataset, dataset.pairs[0])
    assert truth[0, ::8].tolist() == [0, VOID, 1, VOID]


def test_a_folder_may_have_curated_names_and_lists(tmp_path):
    own_folder(tmp_path, "background", "cell")
    with pytest.raises(BadDataset, match=r"curated\.txt"):
        open_dataset("folder", tmp_path, naming="curated")
    archives.text(tmp_path / "curated.txt", "glass, dirt", "cell, nucleus")
    dataset = open_dataset("folder", tmp_path, naming="curated")
    assert dataset.categories[0].phrases == ("cell", "nucleus")
    assert dataset.background.phrases == ("glass", "dirt")
    assert dataset.names == ("background", "cell")
    archives.text(tmp_path / "test.txt", "two")
    assert [pair.key for pair in open_dataset("folder", tmp_path, split="test").pairs] == ["two"]
    archives.text(tmp_path / "curated.txt", "glass")
    with pytest.raises(BadDataset, match="1 lines for 2 classes"):
        open_dataset("folder", tmp_path, naming="curated")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("cell", "cell"), "twice"),
        (("# nothing", ""), "names no class"),
        (("a:b", "c"), "a:b.*colon"),
        (("cell", "", "dirt"), 'an empty line after "cell": remove it, or write "void"'),
        (("# mine", "cell", "background"), 'has "background" as class 1, counted from 0: only the first'),
    ],
)
def test_a_class_file_that_cannot_be_used_is_named(tmp_path, lines, said):
    own_folder(tmp_path, *lines)
    with pytest.raises(BadDataset, match=rf"classes\.txt.*{said}"):
        open_dataset("folder", tmp_path)


@pytest.mark.parametrize("start", ["\ufeff", "# mine\n\n", "void\n"])
def test_class_files_as_other_editors_write_them(tmp_path, start):
    own_folder(tmp_path, "cell")
    (tmp_path / "classes.txt").write_bytes(f"{start}Background\r\nCell \r\n\r\n".encode())
    dataset = open_dataset("folder", tmp_path)
    assert dataset.names == ("background", "Cell")
    assert dataset.values[int(start == "void\n")] == 0


def test_a_split_of_ones_own_lists_names_with_spaces_or_endings(tmp_path):
    own_folder(tmp_path, "background", "cell")
    for stem in ("day 1", "day 1.5"):
        archives.picture(tmp_path / f"images/{stem}.jpg")
    archives.text(tmp_path / "test.txt", "day 1", "one.jpg", "day 1.5", " day 1.5.jpg ")
    keys = [pair.key for pair in open_dataset("folder", tmp_path, split="test").pairs]
    # listed twice, scored once
    assert keys == ["day 1", "one", "day 1.5"]
    (tmp_path / "latin.txt").write_bytes(b"Z\xfcrich\n")
    with pytest.raises(BadDataset, match=r"latin\.txt is not text in UTF-8"):
        open_dataset("folder", tmp_path, split="latin")
    with pytest.raises(BadDataset, match=r"no split file .*train\.txt: --split can be latin, test\."):
        open_dataset("folder", tmp_path, split="train")


def test_a_folder_without_pictures_is_named(tmp_path):
    archives.text(tmp_path / "classes.txt", "background", "cell")
    for empty in ("images", "masks", "annotations/val2017", "images/val2017"):
        (tmp_path / empty).mkdir(parents=True)
    for name in ("folder", "coco-stuff"):
        with pytest.raises(BadDataset, match=f"There is no picture in {tmp_path}/images"):
            open_dataset(name, tmp_path)


def test_two_pictures_of_one_name_are_refused(tmp_path):
    own_folder(tmp_path, "background", "cell")
    archives.picture(tmp_path / "images/one.png")
    with pytest.raises(BadDataset, match="same name"):
        open_dataset("folder", tmp_path)


def test_more_classes_than_eight_bits_hold(tmp_path):
    own_folder(tmp_path, *(f"class {k}" for k in range(300)))
    values = np.full(archives.SIZE, 65535, np.uint16)
    values[:, :8] = 299
    Image.fromarray(values).save(tmp_path / "masks/one.png")
    dataset = open_dataset("folder", tmp_path)
    _, truth = read_pair(dataset, dataset.pairs[0])
    assert set(np.unique(truth)) == {VOID, 299}


def test_the_commands_of_the_docs_name_what_there_is():
    page = (Path(__file__).resolve().parents[2] / "docs/evaluate.md").read_text(encoding="utf-8")
    commands = re.findall(r"`napari-ovseg evaluate (\S+) ROOT (.*?)`", page)
    assert len(commands) == 35
    # SCLIP's paper and its repository have figures of their own for the same commands
    rows = [row for row in page.splitlines() if "`napari-ovseg evaluate" in row]
    assert len(set(rows)) == len(rows)
    for dataset, options in commands:
        assert dataset in DATASETS
        words = shlex.split(options)
        given = dict(zip((word.removeprefix("--") for word in words[::2]), words[1::2], strict=True))
        assert given.pop("protocol") in typing.get_args(Protocol)
        assert given.pop("reading", "masks") in typing.get_args(Reading)
        assert given.pop("method", METHODS[0]) in METHODS
        assert given.pop("split", "train") == "train"
        assert given.pop("model") == DEFAULT
        assert given.pop("pack", NONE) in (NONE, *PACKS)
        assert re.fullmatch(r"curated|clip-es|SCLIP/configs/cls_\w+\.txt", given.pop("names"))
        assert not given


def test_the_command_line_knows_every_dataset():
    assert typing.get_args(DatasetName) == DATASETS
    with pytest.raises(InputError, match='no dataset "voc"'):
        open_dataset("voc", ".")


def test_picture_and_mask_are_compared_upright(tmp_path):
    """The picture is stored on its side, the mask as it is seen, or the other way round."""
    for turned in ("picture", "mask", "both"):
        root = own_folder(tmp_path / turned, "background", "cell")
        truth = np.zeros((20, 30), np.uint8)
        truth[:5, :9] = 1
        picture = np.where(truth[..., None] > 0, np.uint8([200, 90, 30]), np.uint8([10, 60, 90]))
        exif = Image.Exif()
        exif[274] = 6
        for name, pixels in (("images", picture), ("masks", truth)):
            on_its_side = turned in (name[:-1].replace("image", "picture"), "both")
            stored = np.rot90(pixels) if on_its_side else pixels
            (root / "images/one.jpg").unlink(missing_ok=True)
            Image.fromarray(stored).save(root / name / "one.png", exif=exif if on_its_side else None)
        dataset = open_dataset("folder", root)
        read, classes = read_pair(dataset, dataset.pairs[0])
        np.testing.assert_array_equal(read, picture)
        np.testing.assert_array_equal(classes, truth)


@pytest.mark.parametrize("codec", ["lzw", "zstd", "jpeg2000"])
def test_masks_of_any_codec_are_read(tmp_path, codec):
    root = own_folder(tmp_path, "background", "cell", "debris")
    (root / "masks/one.png").unlink()
    truth = np.random.default_rng(0).integers(0, 3, archives.SIZE, np.uint16)
    how = {"reversible": True, "level": 0} if codec == "jpeg2000" else None
    tifffile.imwrite(root / "masks/one.tif", truth, compression=codec, compressionargs=how)
    dataset = open_dataset("folder", root)
    np.testing.assert_array_equal(read_pair(dataset, dataset.pairs[0])[1], truth)
