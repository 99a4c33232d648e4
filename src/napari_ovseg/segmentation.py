"""What a run gives back, and how it tells the caller where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg.categories import Category
from napari_ovseg.errors import Cancelled

if TYPE_CHECKING:
    import torch

Progress = Callable[[str, int, int], None]
ShouldStop = Callable[[], bool]
OnPseudoLabels = Callable[[np.ndarray, np.ndarray], None]


ANCHOR = 0.8
"""How strongly the network of a picture is held to its maps, by default: see `single_image.head.anchor`."""


@dataclass(frozen=True)
class State:
    """What the single-image segmentation continues from after a correction: all that came before it.

    Attributes
    ----------
    ids : tuple of int
        The K ids that the scores are of, besides background.
    scores : np.ndarray
        ``(K + 1, h, w)``, float32, background first: the scores behind the pseudo-labels; they sum to one.
    features : np.ndarray or None
        ``(D, gh, gw)``, float32: the main directions of the picture's deep features.
    anchor : float
        How strongly the network of the picture is held to the scores.
    """

    ids: tuple[int, ...]
    scores: np.ndarray
    features: np.ndarray | None
    anchor: float = ANCHOR


@dataclass(frozen=True)
class TriedLook:
    """One way in which a picture was shown to the model.

    Attributes
    ----------
    look : str
        As `views.looks.Look` calls itself.
    thumbnail : np.ndarray
        ``(h, w, 3)``, uint8, 160 pixels a side at most: a part of the picture in it, brightened.
    used : bool
        Whether the masks come from it.
    sure : bool
        Whether it clearly suits the picture best.
    """

    look: str
    thumbnail: np.ndarray
    used: bool
    sure: bool


@dataclass(frozen=True)
class Segmentation:
    """What a run gives back. Ids: 0 background, 1..C in typed order, void 255 (65535 past 254 categories).

    Attributes
    ----------
    categories : tuple of Category
        The C categories to find, in typed order.
    background : Category or None
        The words that are not wanted.
    relevance : np.ndarray
        ``(C, h, w)``, float32 in [0, 1]: the fused maps.
    pseudo_labels : np.ndarray
        ``(H, W)``, uint8 or uint16, with void.
    masks : np.ndarray
        ``(H, W)``, uint8 or uint16, without void.
    human : np.ndarray
        ``(H, W)``, same dtype: the id where a person painted (0 means background), void where nobody did.
    confidence : np.ndarray
        ``(H, W)``, float32 in [0, 1]: how clearly the mask's category leads.
    presence : np.ndarray
        ``(C,)``, float32 in [0, 1]: how sure the model is that the category is there at all.
    record : dict
        Settings, versions, seed, seconds per stage, warnings; can be written as JSON.
    state : State
        What an update after corrections continues from.
    stages : dict of str to torch.Tensor
        ``(C + 1, h, w)`` soft scores after each stage, background first, for measuring each alone.
    tried : tuple of TriedLook
        How the picture was shown to the model; empty where only as it is.
    """

    categories: tuple[Category, ...]
    background: Category | None
    relevance: np.ndarray
    pseudo_labels: np.ndarray
    masks: np.ndarray
    human: np.ndarray
    confidence: np.ndarray
    presence: np.ndarray
    record: dict[str, Any]
    state: State
    stages: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)
    tried: tuple[TriedLook, ...] = ()


def checking(
    should_stop: ShouldStop | None, message: str = "Stopped; nothing was changed."
) -> Callable[[], None]:
    """Return a call that raises `Cancelled` once the caller wants to stop."""

    def check() -> None:
        if should_stop is not None and should_stop():
            raise Cancelled(message)

    return check


class Run:
    """Tells the caller how far a run is, asks whether to go on, and takes the time of each stage."""

    def __init__(self, progress: Progress | None, should_stop: ShouldStop | None) -> None:
        self.progress = progress or (lambda stage, done, total: None)
        self.should_stop = should_stop or (lambda: False)
        self.check = checking(should_stop)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        """Report the start and the end of a stage, and add up its seconds."""
        self.check()
        self._stage, self._done, self._total = name, 0, total
        self.progress(name, 0, total)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 4)
        if self._done < total:
            self.progress(name, total, total)

    def advance(self) -> None:
        """Report that one more view or step of the stage is done."""
        self._done += 1
        self.progress(self._stage, self._done, self._total)

    def go_on(self) -> None:
        """Report one more step of the stage, unless the caller wants to stop, see `check`."""
        self.check()
        self.advance()
