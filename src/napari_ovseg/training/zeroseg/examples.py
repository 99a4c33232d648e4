"""What a student is shown: pictures at the size that it learns from, with the teacher's vectors of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.file_names import as_text
from napari_ovseg.images import to_rgb
from napari_ovseg.models.clip.text import cache_folder
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.zeroseg.model import resized
from napari_ovseg.pictures import read_flat_picture
from napari_ovseg.segmentation import Progress, ShouldStop
from napari_ovseg.training.kept import Kept
from napari_ovseg.training.zeroseg.targets import GRIDS, middle, vectors_of

MOST_BYTES = 2**30
"""So much of the pictures is held in memory; others are read whenever they are learnt from."""


class Examples:
    """Pictures and targets by the digests of the pictures.

    The targets are in the user's cache folder, or ``NAPARI_OVSEG_CACHE``: trainings share them.

    Parameters
    ----------
    teacher : MapModel
    files : mapping of str to Path
        From `unlabelled.pictures_in`.
    side : int
        Pixels along a side of the pictures that are learnt from.
    """

    def __init__(self, teacher: MapModel, files: Mapping[str, Path], side: int) -> None:
        self.files, self.side = files, side
        self.targets = Kept(
            cache_folder() / "crops",
            lambda picture: {"vectors": vectors_of(picture, teacher)},
            (teacher.checkpoint_id, teacher.input_size, GRIDS),
        )
        self._held: dict[str, Tensor] = {}

    def collect(
        self, progress: Progress | None, should_stop: ShouldStop | None = None
    ) -> tuple[list[str], list[str]]:
        """Compute the targets that are missing.

        Returns
        -------
        known : list of str
            The digests of the pictures that can be learnt from.
        problems : list of str
            Why others can't, a sentence each.
        """
        found = dict(self.targets.collect(self.files, progress, should_stop))
        return [name for name, problem in found.items() if not problem], [*filter(None, found.values())]

    def pixels(self, names: Sequence[str]) -> Tensor:
        """Return the middle squares of pictures, ``(B, 3, side, side)`` in [0, 1]."""
        return torch.stack([self._square(name) for name in names]).float() / 255

    def vectors(self, names: Sequence[str]) -> Tensor:
        """Return the teacher's vectors of pictures and their crops, ``(B, 30, D)`` float32."""
        return torch.stack([self.targets.tensors(name)["vectors"] for name in names]).float()

    def centre(self, names: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the mean ``(D,)`` of the vectors of all these pictures, and their spread ``()``.

        The spread is the root of the mean squared distance to the mean, per dimension.
        """
        total, squares, count = torch.zeros(1), torch.zeros(1), 0
        for name in names:
            vectors = self.vectors([name])[0].double()
            total, squares = total + vectors.sum(0), squares + vectors.square().sum(0)
            count += len(vectors)
        mean = total / count
        spread = (squares / count - mean.square()).clamp_min(0).mean().sqrt().clamp_min(1e-6)
        return mean.float(), spread.float()

    def _square(self, name: str) -> Tensor:
        held = self._held.get(name)
        if held is not None:
            return held
        square = (resized(_read(self.files[name]), (self.side, self.side)) * 255).round().byte()
        if (len(self._held) + 1) * square.numel() <= MOST_BYTES:
            self._held[name] = square
        return square


def spread(names: Sequence[str], most: int) -> list[str]:
    """Return the names, or so many of them at most, evenly spread."""
    return list(names[:: max(1, -(-len(names) // most))])


def _read(file: Path) -> NDArray[np.float32]:
    try:
        return middle(to_rgb(read_flat_picture(file).pixels))
    except InputError as error:
        raise ModelError(
            f"{as_text(file)} could be read when the training began, and can't be now: make it as it was, "
            "and run the same command again."
        ) from error
