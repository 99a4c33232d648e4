"""How a student of ZeroSeg is trained, by preset; `models.zeroseg.sizes` has the sizes of what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from napari_ovseg.models.zeroseg.sizes import Preset


@dataclass(frozen=True)
class Recipe:
    """What of a training is not in the weights at its end.

    Attributes
    ----------
    decoder_width, decoder_depth, decoder_heads : int
        Of the decoder that paints hidden patches.
    batch : int
        Pictures of one step.
    rate, decay : float
        The highest learning rate, and the weight decay.
    checkpoint_every : int
        Steps from one checkpoint to the next.
    """

    decoder_width: int
    decoder_depth: int
    decoder_heads: int
    batch: int
    rate: float
    decay: float
    checkpoint_every: int


RECIPES: Final[dict[Preset, Recipe]] = {
    "tiny": Recipe(64, 2, 4, batch=16, rate=1e-3, decay=0.05, checkpoint_every=25),
    "paper": Recipe(512, 8, 16, batch=256, rate=1.5e-4, decay=0.05, checkpoint_every=500),
}
"""`paper`: the rate is the paper's, which is for 256 pictures; its batch of 4096 scales it by 16."""
