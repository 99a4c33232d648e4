"""What a person painted on layers that may be gone: kept small, to see whether other layers lack it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.categories import void_of


@dataclass(frozen=True)
class Painted:
    """Where the pixels of a person are, in a small part of the memory of the layers.

    Attributes
    ----------
    slices : dict of tuple of int to (tuple of int, bytes)
        Of each slice with such pixels, its shape and its packed mask.
    """

    slices: dict[Position, tuple[tuple[int, ...], bytes]]

    @classmethod
    def of(cls, annotated: Annotated) -> Painted:
        slices = {}
        for position in filter(annotated.has_corrections, annotated.masks.positions):
            human = annotated.human_pixels(position)
            painted = human != void_of(human)
            slices[position] = painted.shape, zlib.compress(np.packbits(painted).tobytes(), 1)
        return cls(slices)

    def is_dropped_by(self, now: Annotated) -> bool:
        """Whether pixels that were a person's are not so any more."""
        for position, (shape, packed) in self.slices.items():
            if position not in now.masks.positions:
                return True
            human = now.human_pixels(position)
            bits = np.frombuffer(zlib.decompress(packed), np.uint8)
            painted = np.unpackbits(bits, count=int(np.prod(shape))).astype(bool).reshape(shape)
            if human.shape != shape or bool((human[painted] == void_of(human)).any()):
                return True
        return False
