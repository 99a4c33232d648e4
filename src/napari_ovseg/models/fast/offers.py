"""How a fast model is brought and loaded; torch is imported where it is needed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.fast.card import FastCard, fast_card
from napari_ovseg.models.offer import Offer
from napari_ovseg.models.run_card import fetch_learnt

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model


def fast_offer(folder: Path, run: FastCard, teacher: Offer) -> Offer:
    """Return the model in a folder that ``train fast`` has written."""
    assert isinstance(teacher.card, ClipCard)
    return Offer(
        fast_card(folder, run, teacher.card),
        load=partial(_load, folder, run, teacher),
        is_here=teacher.is_here,
        fetch=partial(fetch_learnt, folder, run, teacher),
    )


def _load(folder: Path, run: FastCard, teacher: Offer, device: torch.device, weights: Path | None) -> Model:
    from napari_ovseg.models.clip.model import ClipModel
    from napari_ovseg.models.fast.model import build

    assert isinstance(teacher.card, ClipCard)
    assert weights is not None
    # one of its own: the notes of a model are of one run
    seeing = teacher.load(device, teacher.fetch(None))
    assert isinstance(seeing, ClipModel)
    return build(fast_card(folder, run, teacher.card), run, seeing, weights)
