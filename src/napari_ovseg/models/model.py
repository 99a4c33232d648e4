"""What all models have: a card, a place, and notes on how they ran."""

from __future__ import annotations

from typing import Protocol

import torch

from napari_ovseg.models.card import ModelCard


class Model(Protocol):
    """A loaded model of either kind: a `MapModel` or a `MaskModel`.

    Attributes
    ----------
    card : ModelCard
    device : torch.device
        Where it is now.
    checkpoint_id : str
        Changes whenever its weights do.
    notes : list of str
        What a user should know about how it ran, for the record of a run.
    """

    notes: list[str]

    @property
    def card(self) -> ModelCard: ...  # noqa: D102

    @property
    def device(self) -> torch.device: ...  # noqa: D102

    @property
    def checkpoint_id(self) -> str: ...  # noqa: D102
