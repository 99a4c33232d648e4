"""Which picture an image layer shows: a script or another plugin may put another one into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Image

# A look at so many pixels costs less than drawing a frame.
_MOST_SAMPLED = 1 << 16


@dataclass(eq=False)
class Content:
    """What a layer shows, as far as it was looked at.

    Attributes
    ----------
    pixels : array-like
        Its finest level; let go once the checksum is known and the layer shows something else.
    checksum : str
        As of `identity.identify`; "" as long as it is not known.
    """

    pixels: Any
    checksum: str = ""
    _sample: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.form = tuple(self.pixels.shape), np.dtype(self.pixels.dtype).str
        if isinstance(self.pixels, np.ndarray) and not isinstance(self.pixels, np.memmap):
            each = max(2, int(_MOST_SAMPLED ** (1 / max(1, self.pixels.ndim))))
            steps = tuple(slice(None, None, max(1, length // each)) for length in self.pixels.shape)
            self._sample = self.pixels[steps].tobytes()

    @property
    def is_lazy(self) -> bool:
        """Whether a look at all of it may have to read or compute it."""
        return self._sample is None

    def may_be(self, other: Content) -> bool:
        """Whether a glance, which reads nothing from a disk, leaves it possible that both are one picture."""
        if self.form != other.form:
            return False
        if self.is_lazy or other.is_lazy:
            return self.pixels is other.pixels
        return self._sample == other._sample


@dataclass
class Shown:
    """The pictures that a layer has shown, by their keys, and which it shows now."""

    key: str
    contents: dict[str, Content]


_SHOWN: WeakKeyDictionary[Image, Shown] = WeakKeyDictionary()


def content_of(image: Image) -> Content:
    """Take a glance at what a layer shows."""
    return Content(image.data[0] if image.multiscale else image.data)


def shown_by(image: Image) -> Shown:
    """Return what is known of the pictures of a layer; from now on, if it was not known yet."""
    if image not in _SHOWN:
        key = str(image.unique_id)
        _SHOWN[image] = Shown(key, {key: content_of(image)})
    return _SHOWN[image]


def picture_key(image: Image) -> str:
    """Return what tells the picture that a layer shows from others, also from others in the same layer."""
    return _SHOWN[image].key if image in _SHOWN else str(image.unique_id)


def shows_its_file(image: Image) -> bool:
    """Whether a layer still shows what it did first, which is taken for the file that napari remembers."""
    return picture_key(image) == str(image.unique_id)
