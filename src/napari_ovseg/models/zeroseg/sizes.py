"""How large a student is, by preset; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Preset = Literal["tiny", "paper"]


@dataclass(frozen=True)
class Sizes:
    """The parts of a student that its weights depend on, and how it looks at pictures.

    Attributes
    ----------
    side : int
        Pixels along a side of the square pictures that it learns from.
    shown : int
        Pixels along the shorter side of a picture that it segments.
    patch : int
        Pixels along a side of a patch.
    width, depth, heads : int
        Of the encoder; the segmentation head has the same width and heads.
    groups : tuple of int
        Group tokens of the two grouping blocks.
    """

    side: int
    shown: int
    patch: int
    width: int
    depth: int
    heads: int
    groups: tuple[int, int]


SIZES: Final[dict[Preset, Sizes]] = {
    "tiny": Sizes(side=128, shown=256, patch=8, width=128, depth=5, heads=4, groups=(16, 8)),
    "paper": Sizes(side=224, shown=448, patch=16, width=768, depth=12, heads=12, groups=(32, 8)),
}
"""`tiny` has the sizes of the bundled model, for a CPU; `paper` is that of Chen et al., for a GPU."""
