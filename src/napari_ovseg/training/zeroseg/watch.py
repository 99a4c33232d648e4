"""How a student does while it learns, on some of its pictures: written beside the log of its loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from napari_ovseg.atomic import remove_parts, write_text_atomically
from napari_ovseg.training.zeroseg.examples import Examples, spread
from napari_ovseg.training.zeroseg.student import Student, groups_in_use

FILE = "groups.csv"
HEAD = "step,groups in a picture,groups in all,reconstruction,multi-scale,matching,balance"
PICTURES = 32


class Watch:
    """Groups in use, and the parts of the loss, at each checkpoint.

    Parameters
    ----------
    folder : Path
        Where ``groups.csv`` is; its rows of earlier steps are kept.
    student : Student
    examples : Examples
    names : sequence of str
        Digests of the pictures that are learnt from; of many, some are looked at.
    """

    def __init__(self, folder: Path, student: Student, examples: Examples, names: Sequence[str]) -> None:
        self.path, self.student, self.examples = folder / FILE, student, examples
        self.names = spread(names, PICTURES)
        remove_parts(self.path)

    @torch.no_grad()
    def groups(self) -> tuple[float, int]:
        """Return how many groups are in use, without noise, in a whole picture, the mean, and in all."""
        used = groups_in_use(self.student.network, self._pixels())
        return float(np.mean([len(one) for one in used])), len(set().union(*used))

    @torch.no_grad()
    def look(self, step: int) -> None:
        """Write the row of a step, in the place of those that a stopped training has left after it."""
        each, together = self.groups()
        chance = torch.Generator().manual_seed(0)
        vectors = self.examples.vectors(self.names).to(self._device())
        parts = self.student.losses(self._pixels(), vectors, chance)
        row = ",".join([f"{step},{each:.3f},{together}", *(f"{part:.5f}" for part in parts.values())])
        write_text_atomically(self.path, "\n".join([HEAD, *self._before(step), row, ""]))

    def _before(self, step: int) -> list[str]:
        if not self.path.is_file():
            return []
        rows = self.path.read_text(encoding="utf-8").splitlines()[1:]
        return [row for row in rows if int(row.split(",")[0]) < step]

    def _pixels(self) -> torch.Tensor:
        return self.examples.pixels(self.names).to(self._device())

    def _device(self) -> torch.device:
        return self.student.network.centre.device
