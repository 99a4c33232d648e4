"""Where a sidecar lies: beside its picture, in a folder of the user's choice, or in the user's own folder."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from pathlib import Path

from platformdirs import user_data_path

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.sidecar import is_sidecar, last_saved, peek
from napari_ovseg.errors import InputError

SUFFIX = ".ovseg"

_NUMBERED = re.compile(r"(.+)\.[0-9]+")


def sidecar_folder(picture_path: str | Path, elsewhere: str | Path | None = None, part: str = "") -> Path:
    """Return the folder for the annotation of a picture file.

    Parameters
    ----------
    picture_path : str or Path
        The file, or the folder of an OME-Zarr.
    elsewhere : str or Path, optional
        A folder of the user's choice for all sidecars, since the picture's own may be read-only. There the
        name also holds a few letters for the picture's folder: pictures of one name don't get one sidecar.
    part : str
        Which picture of a file with several, such as the name of a channel.

    Returns
    -------
    Path
        The picture's file name, the part if there is one, and ``.ovseg``.
    """
    path = Path(picture_path).absolute()
    name = f"{path.name}-{_plain(part)}" if part else path.name
    if elsewhere is None:
        return path.with_name(name + SUFFIX)
    return Path(elsewhere) / f"{name}-{letters_for(path.parent)}{SUFFIX}"


def letters_for(folder: Path) -> str:
    """Return the letters that stand for a picture's folder in the names of sidecars elsewhere."""
    return hashlib.blake2b(os.fsencode(folder.absolute()), digest_size=4).hexdigest()


def own_folder(name: str, picture: PictureIdentity) -> Path:
    """Return the folder for a picture without a file, such as a sample, in the user's data folder.

    Parameters
    ----------
    name : str
        Of the layer; what a file name can't hold is replaced.
    picture : PictureIdentity
        Its checksum finds the same picture again.
    """
    return own_sidecars() / f"{_plain(name)}-{picture.checksum.partition(':')[2][:8]}{SUFFIX}"


def own_sidecars() -> Path:
    """Return the user's own folder of sidecars."""
    return user_data_path("napari-ovseg", appauthor=False) / "annotations"


def can_hold_sidecar(folder: Path) -> bool:
    """Whether a sidecar could be made, or written to, at this place."""
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)


def saved_sidecars(folder: Path) -> list[Path]:
    """Return the sidecar at a place and its further numbers that hold something, last saved first."""
    found = [path for path in (folder, *_numbered(folder)) if is_sidecar(path)]
    return sorted(found, key=last_saved, reverse=True)


def without_number(sidecar: Path) -> str:
    """Return ``x`` for ``x.ovseg`` and for ``x.2.ovseg``.

    The sidecar of a picture that is itself called ``x.2`` keeps that name.
    """
    name = sidecar.name.removesuffix(SUFFIX)
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return name
    try:
        saved = peek(sidecar).picture
    except InputError:
        saved = None
    itself = saved is not None and saved.path is not None and re.split(r"[/\\]", saved.path)[-1] == name
    return name if itself else numbered[1]


def free_sidecar(folder: Path) -> Path:
    """Return the first of ``x.ovseg``, ``x.2.ovseg``, ... that nothing was saved to."""
    if not is_sidecar(folder):
        return folder
    numbers = (folder.with_name(f"{folder.stem}.{number}{SUFFIX}") for number in itertools.count(2))
    return next(path for path in numbers if not path.exists())


def _plain(name: str) -> str:
    """Return a name without what a file name can't hold."""
    return re.sub(r"[^\w .-]", "_", name).strip(" .")[:80] or "picture"


def _numbered(folder: Path) -> list[Path]:
    if not folder.parent.is_dir():
        return []
    pattern = re.compile(re.escape(folder.stem) + r"\.[0-9]+" + re.escape(SUFFIX))
    paths = [path for path in folder.parent.iterdir() if pattern.fullmatch(path.name)]
    return [path for path in paths if is_sidecar(path) and without_number(path) == folder.stem]
