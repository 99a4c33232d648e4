"""Which picture was annotated: a checksum of its file or of its pixels, and whether it is still the same.

The part of a checksum before its colon says what was read: ``file:`` and ``pixels:`` all of it, ``files:``
all files that a stack was made of, in order, ``folder:`` all files of a folder (OME-Zarr), and
``...-sample:`` parts of something too large to be read as a whole, so that a change elsewhere in it goes
unnoticed unless its size changes too.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text

_BLOCK = 1 << 20
# More than this takes longer to read from a network drive than a person waits when opening a picture.
_MOST_BYTES = 1 << 30
_MOST_PIXEL_BYTES = 1 << 26
# Of what is larger: so many blocks of a file, planes of a stack, and windows of this side in each plane.
_SAMPLES = 256
_PLANES = 16
_WINDOW = 256
# What an OME-Zarr has at its top, and a folder of pictures has not.
_ZARR_FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def identify(
    picture: Any, *, path: str | Path | None = None, known: PictureIdentity | None = None
) -> PictureIdentity:
    """Take the identity of a picture; of a large one only a sample is read, and the checksum says so.

    Parameters
    ----------
    picture : str, Path or array-like
        A file or folder, or pixels: numpy, dask, zarr or anything else with a shape, a dtype and slicing.
    path : str or Path, optional
        Where the pixels come from. When there is such a file or folder, the checksum is of that.
    known : PictureIdentity, optional
        What was found before: a file of the same path, size and time is not read again.

    Returns
    -------
    PictureIdentity

    Raises
    ------
    InputError
        When the file can't be read.
    """
    shape: tuple[int, ...]
    if isinstance(picture, str | Path):
        path, shape, dtype = Path(picture), (), ""
    else:
        path = Path(path) if path is not None else None
        shape, dtype = tuple(int(n) for n in picture.shape), str(np.dtype(picture.dtype))
    if path is None or not (path.exists() or isinstance(picture, str | Path)):
        return PictureIdentity(path, _of_pixels(picture), shape, dtype)
    path = path.absolute()
    try:
        if path.is_dir():
            return PictureIdentity(path, _of_folder(path), shape, dtype)
        status = path.stat()
        size, modified = status.st_size, status.st_mtime_ns
        unchanged = known is not None and (known.path, known.size, known.modified) == (path, size, modified)
        checksum = known.checksum if known is not None and unchanged else _of_file(path, size)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} can't be read ({reason}): check its name and permissions.") from error
    return PictureIdentity(path, checksum, shape, dtype, size, modified)


def identify_stack(
    pixels: Any, files: Sequence[Path], *, known: PictureIdentity | None = None
) -> PictureIdentity:
    """Take the identity of a stack that was made of files: of all of them, and of their order.

    Parameters
    ----------
    pixels : array-like
        The stack; only its shape and dtype are looked at.
    files : sequence of Path
        Its files in order.
    known : PictureIdentity, optional
        What was found before: where sizes and times are the same, the files are not read again.

    Returns
    -------
    PictureIdentity
        Its path is that of the first file.

    Raises
    ------
    InputError
        When a file can't be read.
    """
    try:
        status = [file.stat() for file in files]
        size, modified = sum(one.st_size for one in status), sum(one.st_mtime_ns for one in status) % 2**63
        shape, dtype = tuple(int(n) for n in pixels.shape), str(np.dtype(pixels.dtype))
        now = PictureIdentity(files[0].absolute(), "", shape, dtype, size, modified)
        if known is not None and replace(known, checksum="") == now and known.checksum.startswith("files"):
            return known
        whole = size <= _MOST_BYTES
        step = 1 if whole else max(1, len(files) // _SAMPLES)
        digest = _digest()
        for number, (file, one) in enumerate(zip(files, status, strict=True)):
            digest.update(as_text(f"{file.name}\0{one.st_size}\0").encode())
            if number % step == 0:
                digest.update(_of_file(file, one.st_size).encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"A file of the stack can't be read ({reason}): {as_text(error.filename or files[0])}."
        ) from error
    return replace(now, checksum=f"{'files' if whole else 'files-sample'}:{digest.hexdigest()}")


def difference(saved: PictureIdentity, now: PictureIdentity) -> str | None:
    """Say in one sentence how a picture differs from the one that was annotated.

    Parameters
    ----------
    saved : PictureIdentity
        Of the picture that was annotated.
    now : PictureIdentity
        Of the picture that is open now.

    Returns
    -------
    str or None
        None when the checksums agree, wherever the file lies now.
    """
    if saved.checksum == now.checksum:
        return None
    name = as_text(now.path.name) if now.path is not None else "This picture"
    if saved.shape and now.shape and saved.shape != now.shape:
        was, is_now = (" x ".join(map(str, shape)) for shape in (saved.shape, now.shape))
        return f"{name} is {is_now} now and was {was} when it was annotated: the masks don't fit it any more."
    if saved.checksum.partition(":")[0] != now.checksum.partition(":")[0]:
        return (
            f"It can't be told whether {name} is the picture that was annotated, since that one was opened "
            "in another way: check that the masks fit."
        )
    return f"{name} has changed since it was annotated: check that the masks still fit before you go on."


def _digest() -> Any:
    return hashlib.blake2b(digest_size=16)


def _of_file(path: Path, size: int) -> str:
    digest = _digest()
    with path.open("rb") as file:
        if size <= _MOST_BYTES:
            while block := file.read(_BLOCK):
                digest.update(block)
            return f"file:{digest.hexdigest()}"
        digest.update(str(size).encode())
        for start in np.linspace(0, size - _BLOCK, _SAMPLES).astype(np.int64).tolist():
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return f"file-sample:{digest.hexdigest()}"


def _of_folder(folder: Path) -> str:
    """Names, sizes and contents of all files but labels, which OME-Zarr keeps inside the picture's folder.

    A folder that is opened as a stack of pictures is known by its own files: work on one of them, and what
    was exported, lies in folders further down.
    """
    is_zarr = ".zarr" in folder.name or any((folder / name).exists() for name in _ZARR_FILES)
    files = [
        (path.relative_to(folder).as_posix(), path.stat().st_size)
        for path in sorted(folder.rglob("*") if is_zarr else folder.iterdir())
        if path.is_file() and "labels" not in path.relative_to(folder).parts
    ]
    whole = sum(size for _, size in files) <= _MOST_BYTES and len(files) <= 16 * _SAMPLES
    step = 1 if whole else max(1, len(files) // _SAMPLES)
    digest = _digest()
    for number, (name, size) in enumerate(files):
        digest.update(as_text(f"{name}\0{size}\0").encode())
        if number % step == 0:
            digest.update(_of_file(folder / name, size).encode())
    return f"{'folder' if whole else 'folder-sample'}:{digest.hexdigest()}"


def _of_pixels(pixels: Any) -> str:
    shape, dtype = tuple(int(n) for n in pixels.shape), np.dtype(pixels.dtype)
    digest = _digest()
    digest.update(f"{shape} {dtype.kind}{dtype.itemsize}".encode())
    whole = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize <= _MOST_PIXEL_BYTES
    for index in [()] if whole else _windows(shape):
        block = np.asarray(pixels[index])
        digest.update(np.ascontiguousarray(block, block.dtype.newbyteorder("<")).tobytes())
    return f"{'pixels' if whole else 'pixels-sample'}:{digest.hexdigest()}"


def _windows(shape: tuple[int, ...]) -> Iterator[tuple[int | slice, ...]]:
    """Evenly spaced planes of a large array, and in each its corners and its middle."""
    colours = 1 if len(shape) > 2 and shape[-1] <= 4 else 0
    rows, columns = shape[len(shape) - 2 - colours : len(shape) - colours]
    leading = shape[: len(shape) - 2 - colours]
    count = int(np.prod(leading, dtype=np.int64))
    for flat in np.unique(np.linspace(0, count - 1, min(count, _PLANES)).astype(np.int64)).tolist():
        plane = tuple(int(i) for i in np.unravel_index(flat, leading)) if leading else ()
        for (i, top), (j, left) in itertools.product(enumerate(_starts(rows)), enumerate(_starts(columns))):
            if (i == 1) == (j == 1):
                yield (*plane, slice(top, top + _WINDOW), slice(left, left + _WINDOW))


def _starts(length: int) -> tuple[int, int, int]:
    last = max(0, length - _WINDOW)
    return 0, last // 2, last
