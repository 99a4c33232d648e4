"""What is computed once of each picture of a folder, and kept: a file for each, shared by later trainings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from napari_ovseg.atomic import prepare_folder, remove_parts, write_atomically
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.file_names import as_text
from napari_ovseg.images import to_rgb
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.pictures import read_flat_picture
from napari_ovseg.segmentation import Progress, ShouldStop, checking
from napari_ovseg.training.resumable import STOPPED

LOOKING = "Looking at the pictures"


class Kept:
    """Tensors of each picture; what is there is not computed again.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    compute : callable
        From a picture ``(H, W, 3)``, float32 in [0, 1], to its tensors by name.
    depends_on : tuple
        All else that they depend on, so that none are taken for others.
    """

    def __init__(
        self,
        folder: Path,
        compute: Callable[[NDArray[np.float32]], Mapping[str, Tensor]],
        depends_on: tuple[object, ...],
    ) -> None:
        self.folder, self.compute, self.depends_on = prepare_folder(folder), compute, depends_on

    def collect(
        self, files: Mapping[str, Path], progress: Progress | None, should_stop: ShouldStop | None = None
    ) -> Iterator[tuple[str, str]]:
        """Compute what is missing.

        Parameters
        ----------
        files : mapping of str to Path
            From `unlabelled.pictures_in`.
        progress : callable, optional
            ``progress(stage, done, total)``; those that are there count as done from the first.
        should_stop : callable, optional
            ``should_stop() -> bool``, asked before each picture that is computed.

        Yields
        ------
        contents, problem : str
            The digest of each picture, and why it can't be learnt from; "" for one that can.

        Raises
        ------
        Cancelled
            Once ``should_stop()`` is true; what was computed is kept.
        """
        tell = progress or (lambda stage, done, total: None)
        check = checking(should_stop, STOPPED)
        there = {contents for contents in files if self._file(contents).is_file()}
        done = len(there)
        tell(LOOKING, done, len(files))
        for contents, file in files.items():
            if contents in there:
                yield contents, ""
                continue
            check()
            yield contents, self._compute(file, self._file(contents))
            done += 1
            tell(LOOKING, done, len(files))

    def tensors(self, contents: str) -> dict[str, Tensor]:
        """Return what is kept of a picture by its digest.

        Raises
        ------
        ModelError
            When its file is damaged.
        """
        path = self._file(contents)
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{as_text(path)} is damaged or missing: remove it, and run the same command again."
            ) from error

    def _compute(self, file: Path, path: Path) -> str:
        try:
            picture = to_rgb(read_flat_picture(file).pixels)
        except InputError as error:
            return str(error) if as_text(file) in str(error) else f"{as_text(file)}: {error}"
        except MemoryError:
            return f"{as_text(file)}: there is not enough memory for it: make it smaller."
        remove_parts(path)
        content = save(dict(self.compute(picture)))
        write_atomically(path, lambda stream: stream.write(content))
        return ""

    def _file(self, contents: str) -> Path:
        return self.folder / f"{digest_of(contents, *self.depends_on)}.safetensors"
