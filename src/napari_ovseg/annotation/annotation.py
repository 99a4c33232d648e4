"""The work on one picture as plain data: names, masks, human pixels, and what an update continues from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Category, Labels, void_of
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.segmentation import State

Position = tuple[int, ...]


@dataclass(frozen=True)
class PictureIdentity:
    """Which picture was annotated, so that another one is not mistaken for it.

    Attributes
    ----------
    path : Path, optional
        The file, where there is one.
    checksum : str
        Of the file, or of the pixels where there is no file; begins with what was read, see `identity`.
    shape : tuple of int
        Of the pixels; empty where only the file was looked at.
    dtype : str
        Of the pixels; empty where only the file was looked at.
    size : int, optional
        Bytes of the file.
    modified : int, optional
        When the file was last written, in nanoseconds: with the same size and time it is not read again.
    """

    path: Path | None
    checksum: str
    shape: tuple[int, ...]
    dtype: str
    size: int | None = None
    modified: int | None = None


@dataclass
class SliceAnnotation:
    """One two-dimensional picture, or one slice of a stack.

    Attributes
    ----------
    masks : np.ndarray
        ``(H, W)``, uint8 or uint16: what is on the screen, human pixels included; 0 background.
    human : np.ndarray
        ``(H, W)``, same dtype: the id where a person painted (0 means background), void where nobody did.
    pseudo_labels : np.ndarray, optional
        ``(H, W)``, with void; None where no model has run.
    confidence : np.ndarray, optional
        ``(H, W)``, float32 in [0, 1]: how clearly the mask's category leads.
    presence : dict of str to float
        How sure the model is that each named category is in the picture at all.
    state : State, optional
        What an update continues from; None where no model has run.
    record : dict
        Settings, versions, seconds of the run; what JSON can hold.
    done : bool
        Whether the person has said that it is finished.
    """

    masks: Labels
    human: Labels
    pseudo_labels: Labels | None = None
    confidence: NDArray[np.float32] | None = None
    presence: dict[str, float] = field(default_factory=dict)
    state: State | None = None
    record: dict[str, Any] = field(default_factory=dict)
    done: bool = False

    @property
    def filled(self) -> bool:
        """Whether a model or another tool has been at it, and not only a person's brush."""
        return self.state is not None or bool(self.record)

    @property
    def worked_on(self) -> bool:
        """Whether anybody has said anything about it, and it was not only looked at."""
        if self.filled or self.done or bool(self.masks.any()):
            return True
        return bool((self.human != void_of(self.human)).any())


@dataclass
class Annotation:
    """All work on one picture, or on all slices of a stack that were worked on.

    Attributes
    ----------
    labels : tuple of NamedLabel
        In the order of the table.
    background : Category, optional
        The words for what is not wanted.
    locked : frozenset of int
        Ids whose pixels no update changes; 0, the background, may be among them.
    slices : dict of tuple of int to SliceAnnotation
        By position along the axes that are not in the slice, in order; ``()`` for a two-dimensional picture.
    settings : dict
        Model, preset, device and the typed names; what JSON can hold.
    picture : PictureIdentity, optional
    last_id : int
        The highest id that was ever given out, so that a deleted one is not given out again.
    """

    labels: tuple[NamedLabel, ...]
    background: Category | None = None
    locked: frozenset[int] = frozenset()
    slices: dict[Position, SliceAnnotation] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    picture: PictureIdentity | None = None
    last_id: int = 0

    def __post_init__(self) -> None:
        self.last_id = max([self.last_id, *(label.id for label in self.labels)])
