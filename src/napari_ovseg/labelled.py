"""A picture's labels with their names and colours: what is annotated, exported, read back and resumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NamedLabel:
    """One category and the id that stands for it in the pixels.

    Attributes
    ----------
    id : int
        1 or more. Ids are stable: one that was deleted leaves a gap and is not given to another category.
    name : str
        Unique in its list.
    colour : tuple of int
        Red, green, blue, 0 to 255.
    synonyms : tuple of str
        Other words for the same thing.
    """

    id: int
    name: str
    colour: tuple[int, int, int]
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledPicture:
    """The labels of one picture, or of one slice of a stack.

    Attributes
    ----------
    name : str
        Becomes the stem of files.
    labels : np.ndarray
        ``(H, W)``, uint8 or uint16: 0 background, the ids of `categories`, void 255 (16 bit: 65535).
    categories : tuple of NamedLabel
        In the order of their ids.
    picture_path : Path, optional
        Where the picture itself is.
    pixel_size : tuple of float, optional
        Height and width of a pixel in `unit`.
    unit : str, optional
        Such as "micrometer".
    record : dict
        How the labels were made; what JSON can hold.
    done : bool, optional
        Whether a person has said that the picture is finished; None where nobody was asked.
    """

    name: str
    labels: NDArray[np.unsignedinteger[Any]]
    categories: tuple[NamedLabel, ...]
    picture_path: Path | None = None
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None
    record: dict[str, Any] = field(default_factory=dict)
    done: bool | None = None
