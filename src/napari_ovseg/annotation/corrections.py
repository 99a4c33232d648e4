"""Human pixels: told from the machine's by comparing with what the machine wrote."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_ovseg.categories import Labels, void_of


@dataclass(frozen=True)
class Baseline:
    """What the machine wrote last, and which pixels were a person's already; what came since is the person's.

    Attributes
    ----------
    written : np.ndarray
        ``(H, W)``, uint8 or uint16, human pixels included.
    human : np.ndarray
        ``(H, W)``, same dtype: the id where a person had painted, void where nobody had.
    """

    written: Labels
    human: Labels

    @classmethod
    def untouched(cls, written: Labels) -> Baseline:
        """Return the baseline of labels in which no pixel is a person's."""
        return cls(written, np.full_like(written, void_of(written)))

    def human_pixels(self, labels: Labels) -> Labels:
        """Return whose id a person gave to each pixel of ``labels (H, W)``, void where nobody did.

        A pixel painted void is handed back to the machine. One that has again what the machine wrote is what
        it was at that time, so that undo takes a correction back.
        """
        return np.where(labels != self.written, labels, self.human)

    def with_human(self, labels: Labels, human: Labels) -> Baseline:
        """Return the baseline under which `human (H, W)` are the human pixels of the same `labels`.

        What the machine wrote stays what it was, so that strokes which came since can still be undone.
        """
        return Baseline(self.written, np.where(labels == self.written, human, self.human))

    def packed(self) -> PackedBaseline:
        """Return the same in a fraction of the memory."""
        shape, dtype = self.written.shape, self.written.dtype
        parts = (
            zlib.compress(np.ascontiguousarray(part).tobytes(), 1) for part in (self.written, self.human)
        )
        return PackedBaseline(shape, dtype, *parts)


@dataclass(frozen=True)
class PackedBaseline:
    """A baseline kept for the day that undo comes back to it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    written: bytes
    human: bytes

    def unpacked(self) -> Baseline:
        """Return the baseline, as it was."""
        written, human = (
            np.frombuffer(zlib.decompress(part), self.dtype).reshape(self.shape).copy()
            for part in (self.written, self.human)
        )
        return Baseline(written, human)
