"""Where a sidecar lies: beside its picture, in a folder of the user's choice, or in the user's own folder."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from pathlib import Path

from platformdirs import user_data_path

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.sidecar import is_sidecar

SUFFIX = ".ovseg"


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
    origin = hashlib.blake2b(os.fsencode(path.parent), digest_size=4).hexdigest()
    return Path(elsewhere) / f"{name}-{origin}{SUFFIX}"


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
    return sorted(found, key=lambda path: (path / "annotation.json").stat().st_mtime_ns, reverse=True)


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
    return [path for path in folder.parent.iterdir() if pattern.fullmatch(path.name)]
