"""Where a sidecar lies: beside its picture, in a folder of the user's choice, or in the user's own folder."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from platformdirs import user_data_path

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.inside import folders_inside, free_beside, outermost
from napari_ovseg.annotation.last_save import is_sidecar, last_saved, peek
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text, fitting, is_fitted

SUFFIX = ".ovseg"

_NUMBERED = re.compile(r"(.+)\.([0-9]+)")
_FITTED = re.compile("-[0-9a-f]{8}$")


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
        The picture's file name, the part if there is one, and ``.ovseg``. A name that is too long for that,
        or not UTF-8, ends in letters of its own.
    """
    path = Path(picture_path).absolute()
    name = f"{path.name}-{_plain(part)}" if part else path.name
    folder = path.parent if elsewhere is None else Path(elsewhere)
    ending = SUFFIX if elsewhere is None else f"-{letters_for(path.parent)}{SUFFIX}"
    whole = folder / f"{name}{ending}"
    return whole if os.path.lexists(whole) else folder / _fitting(name, ending)


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
    return own_sidecars() / _fitting(_plain(name), f"-{picture.checksum.partition(':')[2][:8]}{SUFFIX}")


def own_sidecars() -> Path:
    """Return the user's own folder of sidecars."""
    return user_data_path("napari-ovseg", appauthor=False) / "annotations"


def can_hold_sidecar(folder: Path) -> bool:
    """Whether a sidecar could be made, or written to, at this place."""
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)


def saved_sidecars(folder: Path) -> list[Path]:
    """Return the sidecar at a place and those inside it that hold something, last saved first.

    Once these were kept beside it, as ``x.2.ovseg`` and so on: such are found too.
    """
    return sorted([*sidecars_in(folder), *_numbered(folder)], key=last_saved, reverse=True)


def sidecars_in(folder: Path) -> list[Path]:
    """Return what is saved in a sidecar: the present work, earlier states, and work beside it."""
    return [path for path in (folder, *folders_inside(folder)) if is_sidecar(path)]


def without_number(sidecar: Path) -> str:
    """Return ``x`` for ``x.ovseg``, for what lies inside it, and for ``x.2.ovseg``.

    The sidecar of a picture that is itself called ``x.2`` keeps that name.
    """
    sidecar = outermost(sidecar)
    name = sidecar.name.removesuffix(SUFFIX)
    numbered = _NUMBERED.fullmatch(name)
    return name if numbered is None or _saved_name(sidecar) == name else numbered[1]


def whole_name(name: str, sidecar: Path) -> str:
    """Return the name of a sidecar's picture where its own, without number and ending, was made to fit."""
    saved = _saved_name(sidecar) if _FITTED.search(name) else None
    return saved if saved is not None and is_fitted(name, saved) else as_text(name)


def free_sidecar(folder: Path) -> Path:
    """Return this sidecar, or where something was saved to it the first free one beside that work."""
    return free_beside(folder) if is_sidecar(folder) else folder


def _plain(name: str) -> str:
    """Return a name without what a file name can't hold."""
    return re.sub(r"[^\w .-]", "_", name).strip(" .")[:80] or "picture"


def _fitting(name: str, ending: str) -> str:
    most = 255 - len(ending)
    # what has to be cut leaves room for a number, so that this need not be cut again
    return (name if fitting(name, most) == name else fitting(name, most - 10)) + ending


def _saved_name(sidecar: Path) -> str | None:
    """The name of the file that a sidecar says it belongs to."""
    try:
        saved = peek(sidecar).picture
    except InputError:
        return None
    return None if saved is None or saved.path is None else re.split(r"[/\\]", saved.path)[-1]


def _numbered(folder: Path) -> list[Path]:
    if not folder.parent.is_dir():
        return []
    found = []
    for path in folder.parent.iterdir():
        numbered = _NUMBERED.fullmatch(path.name.removesuffix(SUFFIX)) if path.suffix == SUFFIX else None
        if numbered is None or path.name != _fitting(folder.stem, f".{numbered[2]}{SUFFIX}"):
            continue
        if is_sidecar(path) and without_number(path) == numbered[1]:
            found.append(path)
    return found
