"""The datasets by name: their classes, what mask values mean, where files are, which split is scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_ovseg.categories import BACKGROUND, Category, void_id
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.class_names import BUNDLED, VOID_NAME, categories_of, lines_of, read_lines
from napari_ovseg.evaluation.layouts import (
    EVERYTHING,
    Layout,
    Pair,
    any_folder,
    folder_for_each,
    listed_pairs,
    some_of,
    split_file,
    twin_folders,
)

VOID = -1
FOLDER = "folder"


@dataclass(frozen=True)
class Dataset:
    """Pictures with ground truth.

    Attributes
    ----------
    name : str
    split : str
    naming : str
        Whose names the model is asked for: "plain", "curated" or a file.
    names : tuple of str
        The K plain class names. Class 0 is "background" where the dataset has one.
    categories : tuple of Category
        What the model is asked for, one for each class but background, in the order of the classes.
    background : Category or None
        Words for what is not wanted, if any.
    values : mapping of int to int
        What each mask value means: a class 0..K-1 or `VOID`. Any other value is a mistake. Empty with
        ``things``.
    things : bool
        Whether every mask of a picture holds one thing of class 1, rather than class values.
    pairs : tuple of Pair
    """

    name: str
    split: str
    naming: str
    names: tuple[str, ...]
    categories: tuple[Category, ...]
    background: Category | None
    values: Mapping[int, int]
    things: bool
    pairs: tuple[Pair, ...]

    @property
    def has_background(self) -> bool:
        """Whether some pixels are of no named class; otherwise each one is."""
        return self.names[0] == BACKGROUND


@dataclass(frozen=True)
class _Known:
    names: str
    layout: Layout
    split: str
    values: Mapping[int, int]
    things: bool = False
    without_background: bool = False


def _as_stored(count: int, *void: int) -> dict[int, int]:
    return {value: value for value in range(count)} | dict.fromkeys(void, VOID)


def _from_one(count: int) -> dict[int, int]:
    """Class k has mask value k + 1; 0 doesn't count ("reduce zero label")."""
    return {value + 1: value for value in range(count)} | {0: VOID, 255: VOID}


# COCO's 91 things less those that were never drawn; in COCO-Stuff's masks a value is the id less one
_NEVER_DRAWN = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91}
_STUFF = [number - 1 for number in range(1, 183) if number not in _NEVER_DRAWN]
_COCO_STUFF = {value: number for number, value in enumerate(_STUFF)} | {255: VOID}
# GroupViT's reading (Xu et al., CVPR 2022): stuff is background, and so is what nobody labelled
_COCO_OBJECT = {value: number + 1 if number < 80 else 0 for number, value in enumerate(_STUFF)} | {255: 0}
# labelIds that have a trainId, in its order; all others don't count (cityscapesScripts, labels.py)
_CITYSCAPES = dict.fromkeys((*range(34), 255), VOID) | {
    value: number for number, value in enumerate([7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33])
}
_VOC = some_of(
    split_file("ImageSets/Segmentation", "JPEGImages", "SegmentationClass", "VOC2012", "VOCdevkit/VOC2012")
)
_CONTEXT = split_file(
    "ImageSets/SegmentationContext",
    "JPEGImages",
    "SegmentationClassContext",
    "VOC2010",
    "VOCdevkit/VOC2010",
)
_COCO = twin_folders("images/{}", "annotations/{}", ".jpg", ".png")
_ADE = twin_folders("images/{}", "annotations/{}", ".jpg", ".png", "ADEChallengeData2016")
_STREETS = twin_folders("leftImg8bit/{}", "gtFine/{}", "_leftImg8bit.png", "_gtFine_labelIds.png")

_KNOWN = {
    "voc21": _Known("voc", _VOC, "val", _as_stored(21, 255)),
    "voc20": _Known("voc", _VOC, "val", _from_one(20), without_background=True),
    "context60": _Known("context", _CONTEXT, "val", _as_stored(60, 255)),
    "context59": _Known("context", _CONTEXT, "val", _from_one(59), without_background=True),
    "coco-object": _Known("coco-object", _COCO, "val2017", _COCO_OBJECT),
    "coco-stuff": _Known("coco-stuff", _COCO, "val2017", _COCO_STUFF),
    "ade20k": _Known("ade20k", _ADE, "validation", _from_one(150)),
    "cityscapes": _Known("cityscapes", _STREETS, "val", _CITYSCAPES),
    "camvid": _Known("camvid", listed_pairs, "test", _as_stored(11, 11, 255)),
    "nuclei": _Known("nuclei", folder_for_each, EVERYTHING, {}, things=True),
}
DATASETS = (*_KNOWN, FOLDER)


def open_dataset(name: str, root: str | Path, *, split: str | None = None, naming: str = "plain") -> Dataset:
    """Find the pictures of a dataset and say what its masks mean; no picture is read yet.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    root : str or Path
        The folder that the official archive was unpacked to. For ``folder``: one with ``images/``, ``masks/``
        and ``classes.txt``.
    split : str, optional
        By default the one that papers report: val, test for CamVid, all for ``nuclei`` and ``folder``.
    naming : str
        What the model is asked for: "plain", the dataset's own names; "curated", sharper ones; for VOC
        "clip-es", those of that paper; or the path of a file with the phrases of a class in each line.

    Returns
    -------
    Dataset

    Raises
    ------
    BadDataset
        When a folder, a split file or a class file is missing or can't be used.
    InputError
        When there is no dataset of this name.
    """
    root = Path(root)
    if name == FOLDER:
        return _folder(root, split or EVERYTHING, naming)
    if name not in _KNOWN:
        raise InputError(f'There is no dataset "{name}": choose one of {", ".join(DATASETS)}.')
    known = _KNOWN[name]
    split = split or known.split
    first = int(known.without_background)
    names = read_lines(BUNDLED / f"{known.names}.txt")[first:]
    lines, path = lines_of(known.names, naming)
    # a file of one's own may leave the background out where it doesn't count
    lines = lines[first:] if len(lines) == len(names) + first else lines
    categories, background = categories_of(lines, names, path)
    pairs = tuple(known.layout(root, split))
    return Dataset(name, split, naming, names, categories, background, known.values, known.things, pairs)


def _folder(root: Path, split: str, naming: str) -> Dataset:
    """Line k of ``classes.txt`` is mask value k; lines "void" and the largest value don't count."""
    plain = read_lines(root / "classes.txt")
    counted = [value for value, name in enumerate(plain) if name != VOID_NAME]
    names = tuple(plain[value] for value in counted)
    path = {"plain": root / "classes.txt", "curated": root / "curated.txt"}.get(naming, Path(naming))
    lines = read_lines(path)
    if len(lines) == len(plain):
        lines = tuple(lines[value] for value in counted)
    categories, background = categories_of(lines, names, path)
    values = dict.fromkeys(range(len(plain)), VOID) | {value: k for k, value in enumerate(counted)}
    values.setdefault(void_id(len(names)), VOID)
    pairs = tuple(any_folder(root, split))
    return Dataset(FOLDER, split, naming, names, categories, background, values, False, pairs)
