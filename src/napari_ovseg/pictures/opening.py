"""What may be wrong with a file before and while it is decoded, as errors that name it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_ovseg.errors import InputError


@contextmanager
def readable(path: Path, kind: str = "picture") -> Iterator[bytes]:
    """Give the first bytes of a picture or a mask; whatever reading it raises becomes `InputError`."""
    # Not path.exists(), which raises where a name is too long for the file system.
    if not os.path.exists(path):
        raise InputError(f"There is no file {path}: check the name.")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the {kind} files in it.")
    if not path.is_file():
        raise InputError(f"{path} is a device, not a file: name a {kind} file.")
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise InputError(f"{path} can't be opened ({error.strerror}): check its permissions.") from error
    if not start:
        raise InputError(f"{path} can't be read as a {kind}, as it is empty: copy or save it again.")
    try:
        yield start
    except InputError:
        raise
    # Decoders raise whatever they like on a damaged file: struct.error, SyntaxError, zlib.error and so on.
    except Exception as error:
        raise InputError(
            f"{path} can't be read as a {kind} ({type(error).__name__}): it may be damaged or of another "
            "type; open it elsewhere and save it as PNG or TIFF."
        ) from error
