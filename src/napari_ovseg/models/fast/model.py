"""A loaded fast model, as a `MaskModel`: one pass of the tower and of what was learnt, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import ModelError
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.trunk import deep_features, trunk_states
from napari_ovseg.models.fast.card import FastCard
from napari_ovseg.models.fast.network import FastNetwork
from napari_ovseg.models.fast.windows import LONGEST, blended, corners, shown_size
from napari_ovseg.models.run_card import digest_of_weights

# of a window's own resolution
COARSER = 2


class FastModel:
    """What `MaskModel` asks for.

    Attributes
    ----------
    card : ModelCard
    teacher : ClipModel
        Its tower sees, its text tower reads names.
    network : FastNetwork
        What was learnt.
    window : int
        Side, in pixels, of what is seen at once.
    checkpoint_id : str
    """

    def __init__(
        self, card: ModelCard, teacher: ClipModel, network: FastNetwork, window: int, checkpoint_id: str
    ) -> None:
        self.card, self.teacher, self.window = card, teacher, window
        self.network = network.to(teacher.device).eval().requires_grad_(False)
        self.checkpoint_id = checkpoint_id

    @property
    def notes(self) -> list[str]:
        """What a user should know about how it ran: of its teacher, which does most of the work."""
        return self.teacher.notes

    @notes.setter
    def notes(self, notes: list[str]) -> None:
        self.teacher.notes = notes

    @property
    def device(self) -> torch.device:
        """Where it is now."""
        return self.teacher.device

    @property
    def side(self) -> int:
        """Pixels along the longer side of the picture that it is shown."""
        return LONGEST * self.window

    @torch.no_grad()
    def scores(self, picture: NDArray[np.float32], phrases: Sequence[Sequence[str]]) -> Tensor:
        """Say of which category each pixel is: `MaskModel.scores`."""
        words = words_of(self.teacher, phrases)
        patch = self.teacher.patch_size
        size = shown_size((picture.shape[0], picture.shape[1]), self.window, patch)
        view = self.teacher.preprocess(picture, size)
        logits = blended(self._logits(view, words), size, COARSER)
        return logits.softmax(0).float().cpu()

    def _logits(self, view: Tensor, words: Tensor) -> Iterator[tuple[tuple[int, int], Tensor]]:
        for top, left in corners((view.shape[-2], view.shape[-1]), self.window, self.teacher.patch_size):
            part = view[..., top : top + self.window, left : left + self.window]
            deep = self.teacher.features(self.teacher.trunk(part))
            self.network.to(deep.device)
            seen = self.network(deep, part.to(deep.device))
            yield (top, left), self.network.logits(seen, words.to(deep.device))[0]


def words_of(teacher: ClipModel, phrases: Sequence[Sequence[str]]) -> Tensor:
    """Return the vector of each category, ``(C, D)``: the mean direction of its name and synonyms."""
    flat = teacher.encode([phrase for one in phrases for phrase in one])
    parts = flat.split([len(one) for one in phrases])
    return torch.stack([F.normalize(part.mean(0), dim=-1) for part in parts])


def deep_of(teacher: ClipModel, views: Tensor) -> Tensor:
    """Return the features that a network learns from, ``(V, F, gh, gw)``, without keeping them."""
    with torch.no_grad():
        return deep_features(teacher.network, trunk_states(teacher.network, views.to(teacher.device)))


def new_network(teacher: ClipModel) -> FastNetwork:
    """Return a network that fits a teacher and has learnt nothing yet, the same each time."""
    joint = int(words_of(teacher, [["thing"]]).shape[1])
    side = 2 * teacher.patch_size
    features = deep_of(teacher, torch.zeros(1, 3, side, side)).shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return FastNetwork(features, joint, teacher.likeness.scale)


def build(card: ModelCard, run: FastCard, teacher: ClipModel, path: Path) -> FastModel:
    """Build a fast model from what was learnt.

    Raises
    ------
    ModelError
        When the teacher's weights are others than those that were learnt from, or a file can't be read.
    """
    again = run.again(path.parent)
    anew = f"remove this folder and train anew, by {again}"
    assert teacher.checkpoint is not None
    if digest_of_weights(teacher.checkpoint) != run.teacher_weights:
        raise ModelError(
            f'The weights of "{run.teacher}" have changed since "{path.parent}" learnt from them: {anew}'
        )
    if digest_of_weights(path) != run.weights:
        raise ModelError(f'"{path}" is damaged. This makes it again: {again}')
    network = new_network(teacher)
    try:
        network.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise ModelError(f'"{path}" doesn\'t fit "{run.teacher}": {anew}') from error
    return FastModel(card, teacher, network, run.window, run.weights)
