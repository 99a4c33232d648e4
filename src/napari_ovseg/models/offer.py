"""A model that can be had: its card, and how to bring and load it; without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.models.card import ModelCard

if TYPE_CHECKING:
    import torch

    from napari_ovseg.models.model import Model
    from napari_ovseg.segmentation import Progress


def _always() -> bool:
    return True


def _nothing(_progress: Progress | None) -> None:
    return None


@dataclass(frozen=True)
class Offer:
    """A model that can be had.

    Attributes
    ----------
    card : ModelCard
    load : callable
        ``load(device, weights) -> Model``, of what `fetch` returned. Import torch there, not before: lists
        of models come up at once then.
    devices : tuple of str
        Where it can run; "auto" takes the first that is there.
    is_here : callable
        ``is_here() -> bool``: whether it can be loaded without a connection.
    fetch : callable
        ``fetch(progress) -> Path or None``: the file of weights, brought onto this disk where it isn't yet;
        ``progress(stage, done, total)`` may be None. A model without such a file needs none of this.
    extra : str
        The extra of this package that brings the weights, for a model that no hub has.
    """

    card: ModelCard
    load: Callable[[torch.device, Path | None], Model]
    devices: tuple[str, ...] = ("cuda", "mps", "cpu")
    is_here: Callable[[], bool] = _always
    fetch: Callable[[Progress | None], Path | None] = _nothing
    extra: str = ""
