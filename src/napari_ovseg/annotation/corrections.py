"""Human pixels: told from the machine's by comparing with what the machine wrote, and by what was heard."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Labels, void_of


@dataclass(frozen=True)
class Baseline:
    """What the machine wrote last, and which pixels were a person's already; what came since is the person's.

    Attributes
    ----------
    written : np.ndarray
        ``(H, W)``, uint8 or uint16, human pixels included.
    human : np.ndarray
        ``(H, W)``, same dtype: the id where a person had painted, void where nobody had. Strokes since then
        that say the same as the machine are added here, in place, since no comparison tells of them.
    agreed : np.ndarray
        ``(H, W)``, bool: where there were such strokes.
    """

    written: Labels
    human: Labels
    agreed: NDArray[np.bool_]

    @classmethod
    def of(cls, written: Labels, human: Labels | None = None) -> Baseline:
        """Return the baseline of labels, copied, with these human pixels or none."""
        human = np.full_like(written, void_of(written)) if human is None else human.copy()
        return cls(written.copy(), human, np.zeros(written.shape, bool))

    def changed(self, labels: Labels) -> NDArray[np.bool_]:
        """Return where a person has painted since, be it what the machine wrote, ``(H, W)``."""
        changed: NDArray[np.bool_] = (labels != self.written) | self.agreed
        return changed

    def human_pixels(self, labels: Labels) -> Labels:
        """Return whose id a person gave to each pixel of ``labels (H, W)``, void where nobody did.

        A pixel painted void is handed back to the machine. One that has again what the machine wrote is what
        it was at that time, so that undo takes a correction back.
        """
        human = self.human.copy()
        np.copyto(human, labels, where=labels != self.written)
        return human

    def with_human(self, labels: Labels, human: Labels) -> Baseline:
        """Return the baseline under which `human (H, W)` are the human pixels of the same `labels`.

        What the machine wrote stays what it was, so that strokes which came since can still be undone.
        """
        return Baseline(self.written, np.where(labels == self.written, human, self.human), self.agreed)

    def packed(self) -> PackedBaseline:
        """Return the same in a fraction of the memory."""
        return PackedBaseline(
            self.written.shape,
            self.written.dtype,
            _squeezed(self.written),
            _squeezed(self.human),
            _squeezed(np.packbits(self.agreed)) if self.agreed.any() else b"",
        )


@dataclass(frozen=True)
class PackedBaseline:
    """A baseline kept for the day that undo comes back to it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    written: bytes
    human: bytes
    agreed: bytes

    def unpacked(self) -> Baseline:
        """Return the baseline, as it was."""
        written, human = (
            np.frombuffer(zlib.decompress(part), self.dtype).reshape(self.shape).copy()
            for part in (self.written, self.human)
        )
        agreed = np.zeros(self.shape, bool)
        if self.agreed:
            bits = np.frombuffer(zlib.decompress(self.agreed), np.uint8)
            agreed = np.unpackbits(bits, count=agreed.size).astype(bool).reshape(self.shape)
        return Baseline(written, human, agreed)


def _squeezed(array: NDArray[Any]) -> bytes:
    return zlib.compress(np.ascontiguousarray(array).tobytes(), 1)
