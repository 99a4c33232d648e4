"""How a student of ZeroSeg is brought and loaded; torch is imported where it is needed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.models.offer import Offer
from napari_ovseg.models.run_card import fetch_learnt
from napari_ovseg.models.zeroseg.card import ZeroSegCard, model_card

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model


def zeroseg_offer(folder: Path, run: ZeroSegCard, teacher: Offer) -> Offer:
    """Return the model in a folder that `zeroseg` has written."""
    return Offer(
        model_card(folder, run, teacher.card),
        load=partial(_load, folder, run, teacher),
        devices=teacher.devices,
        is_here=teacher.is_here,
        fetch=partial(fetch_learnt, folder, run, teacher),
        extra=teacher.extra,
    )


def _load(
    folder: Path, run: ZeroSegCard, teacher: Offer, device: torch.device, weights: Path | None
) -> Model:
    from napari_ovseg.models.map_model import MapModel
    from napari_ovseg.models.zeroseg import model

    assert weights is not None
    for_words = teacher.load(device, teacher.fetch(None))
    assert isinstance(for_words, MapModel)
    return model.build(model_card(folder, run, teacher.card), run, for_words, weights, device)
