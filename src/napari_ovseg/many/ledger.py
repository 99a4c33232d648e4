"""What is done of many pictures: one small file for each, so that a run can go on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_ovseg.atomic import explained, prepare_folder, remove_parts, write_json_atomically
from napari_ovseg.file_names import STEM_BYTES, fitting

_DONE, _BEGUN = ".json", ".begun"


class Ledger:
    """A folder with one JSON file, the entry, for each picture that is done.

    An entry is written whole or not at all, and costs the same however many there are. It is read with
    suspicion: a file that was cut off, or is somebody else's, is no entry.

    Parameters
    ----------
    folder : Path
        Made when it is first written to.

    Notes
    -----
    What writes raises `OutputError` where it can't.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder if it isn't there."""
        if not self.folder.is_dir():
            prepare_folder(self.folder)

    def load(self, key: str) -> dict[str, Any] | None:
        """Return the entry of a picture; None where it is not done, or was begun again since."""
        if self.is_begun(key):
            return None
        try:
            content = json.loads(self._file(key, _DONE).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None

    def begin(self, key: str) -> None:
        """Note that files of a picture are being written: until `end`, what is there is unfinished."""
        self.prepare()
        file = self._file(key, _BEGUN)
        try:
            file.touch()
        except OSError as error:
            raise explained(file, error) from error

    def end(self, key: str) -> None:
        """Note that nothing is unfinished: the files are there, with an entry, or none of them is."""
        with suppress(OSError):
            self._file(key, _BEGUN).unlink()

    def is_begun(self, key: str) -> bool:
        """Whether files of a picture are unfinished."""
        return self._file(key, _BEGUN).exists()

    def save(self, key: str, entry: Mapping[str, Any]) -> None:
        """Write the entry of a picture, whose files are all there; what JSON can hold."""
        self.prepare()
        write_json_atomically(self._file(key, _DONE), entry)

    def clear_up(self, key: str) -> None:
        """Remove what a write of this entry has left that was killed."""
        remove_parts(self._file(key, _DONE))

    def names(self) -> set[str]:
        """Return the pictures that are done or begun: their keys, as `file_names.fitting` shortens them."""
        return self._names(_DONE) | self._names(_BEGUN)

    def others(self, keys: Iterable[str]) -> list[str]:
        """Return the names of pictures that are done and not among these."""
        return sorted(self._names(_DONE) - {fitting(key, STEM_BYTES) for key in keys})

    def forget(self, names: Collection[str]) -> None:
        """Remove the entries of these names."""
        for name in names:
            with suppress(OSError):
                Path(self.folder, name + _DONE).unlink()

    def _names(self, ending: str) -> set[str]:
        try:
            inside = os.listdir(self.folder)
        except OSError:
            return set()
        return {name.removesuffix(ending) for name in inside if name.endswith(ending) and name[0] != "."}

    def _file(self, key: str, ending: str) -> Path:
        return self.folder / (fitting(key, STEM_BYTES) + ending)


def digest_of_files(paths: Iterable[str | Path]) -> str:
    """Return a digest of all that these files hold, one after the other; raises `OSError` with the file."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(Path(path).read_bytes())
        except OSError as error:
            # where a file opens and can't be read, the system doesn't say which
            error.filename = str(path)
            raise
    return digest.hexdigest()[:16]


def digest_of(*parts: object) -> str:
    """Return a digest of what doesn't fit into an entry, such as a list of names."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]
