"""A picture's labels with their names and colours: what is annotated, exported, read back and resumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Category
from napari_ovseg.colours import STANDARD, Palette, category_colours

# of a stack of which every other slice was annotated
_MOST_RANGES = 8


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


def named_labels(categories: Iterable[Category | str], palette: Palette = STANDARD) -> tuple[NamedLabel, ...]:
    """Give categories the ids 1, 2, ... in their order, and colours.

    Parameters
    ----------
    categories : iterable of Category or str
        Background words among them get neither id nor colour.
    palette : str
        One of `colours.PALETTES`.

    Returns
    -------
    tuple of NamedLabel
    """
    found = [Category(item) if isinstance(item, str) else item for item in categories]
    found = [category for category in found if not category.background]
    colours = category_colours(len(found), palette)[1:].tolist()
    return tuple(
        NamedLabel(number, category.name, (red, green, blue), category.synonyms)
        for number, (category, (red, green, blue)) in enumerate(zip(found, colours, strict=True), 1)
    )


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
    stack : str
        Of which stack this is a slice; "" for a flat picture.
    position : tuple of int
        Where in the stack, counted from 0 as napari does.
    """

    name: str
    labels: NDArray[np.unsignedinteger[Any]]
    categories: tuple[NamedLabel, ...]
    picture_path: Path | None = None
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None
    record: dict[str, Any] = field(default_factory=dict)
    done: bool | None = None
    stack: str = ""
    position: tuple[int, ...] = ()


class Placed(Protocol):
    """Anything that is a flat picture or a slice of a stack."""

    @property
    def stack(self) -> str:
        """Which stack it is a slice of."""

    @property
    def position(self) -> tuple[int, ...]:
        """Where in the stack; empty for a flat picture."""


def counted(pictures: Iterable[Placed]) -> str:
    """Say how many pictures these are, and which slices of which stacks: "slices 2, 4 to 7 of 'embryo'"."""
    flat, stacks = 0, dict[str, list[tuple[int, ...]]]()
    for picture in pictures:
        if picture.position:
            stacks.setdefault(picture.stack, []).append(picture.position)
        else:
            flat += 1
    parts = [f"{flat} picture{'s' if flat > 1 else ''}"] if flat or not stacks else []
    for stack, positions in stacks.items():
        parts.append(f"{slices_called(positions)} of '{stack}'")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def slices_called(positions: Iterable[tuple[int, ...]]) -> str:
    """Call slices by their numbers on napari's sliders, which count from 0: "slice 3", "slices 2, 4 to 7"."""
    ordered = sorted(positions)
    return f"{'slice' if len(ordered) == 1 else 'slices'} {_ranges(ordered)}"


def _ranges(positions: Sequence[tuple[int, ...]]) -> str:
    runs: list[list[tuple[int, ...]]] = []
    for at in positions:
        follows = runs and (*runs[-1][-1][:-1], runs[-1][-1][-1] + 1) == at
        if follows:
            runs[-1].append(at)
        else:
            runs.append([at])
    said = [" to ".join(" ".join(map(str, at)) for at in dict.fromkeys((run[0], run[-1]))) for run in runs]
    more = f" and {len(said) - _MOST_RANGES} more ranges" if len(said) > _MOST_RANGES else ""
    return ", ".join(said[:_MOST_RANGES]) + more
