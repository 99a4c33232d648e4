"""Features of every pixel: filters at several scales, and how much a pixel stands out from what is around it.

Intensity, edges and texture at several scales are those of pixel classifiers such as ilastik (Berg et al.,
Nature Methods 2019), as ``skimage.feature.multiscale_basic_features`` has them. Local contrast is added: it
is what stays the same where a picture is lit or stained otherwise from place to place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

Plane = NDArray[np.float32]

# standard deviations of the Gaussian filters, in pixels
SCALES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
WIDEST = 32.0
# local contrast: of what is blurred so much, against surroundings so wide
CENTRES, SURROUNDINGS = (1.0, 2.0, 4.0), (8.0, 16.0, 32.0)
# deviation of noise that is no contrast, where values are in [0, 1]
LEAST_DEVIATION = 0.02
# filters this wide work on a picture of half the size, twice as wide ones on a quarter, and so on
HALVED_FROM = 8.0
# windows that are filtered alone begin at multiples of this many pixels, and need so many more on each side
ALIGNED = 8
REACH = 160
# differences of the channels below this are no colour
LEAST_COLOUR = 0.02
# pixels of which the middle and the spread of a picture are measured
MEASURED = 20_000


class _Blurred:
    """Gaussian filters of one plane, each on the coarsest grid that is fine enough for it."""

    def __init__(self, plane: Plane) -> None:
        self._plane, self._found = plane, dict[float, Plane]()

    def __call__(self, scale: float) -> Plane:
        if scale not in self._found:
            times = coarser(scale)
            # blocks of n pixels blur by (n^2 - 1) / 12 already
            rest = np.sqrt(scale**2 - (times**2 - 1) / 12) / times
            self._found[scale] = ndimage.gaussian_filter(_averaged(self._plane, times), rest, mode="nearest")
        return self._found[scale]

    def full(self, scale: float) -> Plane:
        """The same on the grid of the plane."""
        return _widened(self(scale), coarser(scale), self._plane.shape)


def coarser(scale: float) -> int:
    """How many pixels wide the cells are on which a filter of this scale works."""
    return 1 if scale < HALVED_FROM else int(2 ** (1 + np.floor(np.log2(scale / HALVED_FROM))))


def _averaged(plane: Plane, times: int) -> Plane:
    if times == 1:
        return plane
    rows, columns = plane.shape
    padded = np.pad(plane, ((0, -rows % times), (0, -columns % times)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // times, times, padded.shape[1] // times, times)
    mean: Plane = blocks.mean((1, 3), dtype=np.float32)
    return mean


def _widened(plane: Plane, times: int, size: tuple[int, ...]) -> Plane:
    if times == 1:
        return plane
    cells = torch.from_numpy(np.ascontiguousarray(plane))[None, None]
    wide = F.interpolate(cells, scale_factor=float(times), mode="bilinear", align_corners=False)
    found: Plane = wide[0, 0].numpy()[: size[0], : size[1]]
    return found


def _shapes(blurred: Plane) -> tuple[Plane, Plane, Plane]:
    """Slope, and the greater and the smaller curvature, of a plane of cells."""
    down, across = _slope(blurred, 0), _slope(blurred, 1)
    down_twice, mixed, across_twice = _slope(down, 0), _slope(down, 1), _slope(across, 1)
    mean: Plane = (down_twice + across_twice) / np.float32(2)
    apart: Plane = np.sqrt(((down_twice - across_twice) / 2) ** 2 + mixed**2)
    shapes: tuple[Plane, Plane, Plane] = (np.hypot(down, across), mean + apart, mean - apart)
    return shapes


def _slope(plane: Plane, axis: int) -> Plane:
    """Central differences; nothing changes along a side of one pixel."""
    slope: Plane = np.gradient(plane, axis=axis) if plane.shape[axis] > 1 else np.zeros_like(plane)
    return slope


def _filtered(plane: Plane, *, shapes: bool, check: Callable[[], None]) -> list[Plane]:
    """All filters of one plane, each of its shape; without ``shapes`` intensity and contrast only."""
    found, blurred = [], _Blurred(plane)
    for scale in SCALES:
        check()
        found.append(blurred.full(scale))
        if shapes:
            slope, greater, smaller = _shapes(blurred(scale))
            # per pixel, not per cell
            once = np.float32(1 / coarser(scale))
            parts: tuple[Plane, ...] = (slope * once, greater * once**2, smaller * once**2)
            found += [_widened(part, coarser(scale), plane.shape) for part in parts]
    found.append(blurred.full(WIDEST))
    squares = _Blurred(plane**2)
    for around in SURROUNDINGS:
        check()
        deviation: Plane = np.sqrt(np.maximum(squares(around) - blurred(around) ** 2, 0))
        deviation = _widened(deviation, coarser(around), plane.shape)
        found.append(deviation)
        mean = blurred.full(around)
        found += [(blurred.full(centre) - mean) / (deviation + LEAST_DEVIATION) for centre in CENTRES]
    return found


def is_grey(picture: NDArray[np.float32]) -> bool:
    """Whether the channels of a picture ``(H, W, 3)`` are nearly the same everywhere."""
    return bool(np.ptp(picture, axis=2).max() <= LEAST_COLOUR)


def filtered(
    picture: NDArray[np.float32], *, colour: bool, check: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Filter a picture, or a window of it with `REACH` pixels more on each side that has any.

    Parameters
    ----------
    picture : np.ndarray
        ``(h, w, 3)``, float32 in [0, 1]. A window begins at multiples of `ALIGNED` pixels of the picture.
    colour : bool
        Whether to look at two differences of the channels too; see `is_grey` of the whole picture.
    check : callable, optional
        Called between the filters; may raise to stop.

    Returns
    -------
    np.ndarray
        ``(h, w, D)``, float32: 37 columns for grey, 75 with colour. In a window they are those of the whole
        picture, but for the pixels within `REACH` of a side at which it was cut.
    """
    grey = picture.mean(2)
    found = _filtered(grey, shapes=True, check=check)
    if colour:
        red, green, blue = np.moveaxis(picture, 2, 0)
        for difference in (red - green, blue - (red + green) / 2):
            found += _filtered(difference, shapes=False, check=check)
    return np.stack(found, -1)


@dataclass(frozen=True)
class Standard:
    """What is usual in a picture: measured once, so that a feature means the same in every window.

    Attributes
    ----------
    middle, spread : np.ndarray
        ``(D,)``, float32: the median of each column, and half of what its middle 68 % span.
    """

    middle: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> Standard:
        """Measure `filtered` features ``(h, w, D)``."""
        columns = features.reshape(-1, features.shape[-1])
        some = columns[:: max(1, len(columns) // MEASURED)]
        low, middle, high = np.percentile(some, [16, 50, 84], axis=0)
        return cls(middle.astype(np.float32), ((high - low) / 2 + 1e-4).astype(np.float32))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Count features in spreads ``z`` from the middle, as ``sign(z) log(1 + |z|)``."""
        apart = (features - self.middle) / self.spread
        return np.copysign(np.log1p(np.abs(apart)), apart)


def pixel_features(
    picture: NDArray[np.float32], *, check: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Features of every pixel of a picture, in the picture's own terms.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    check : callable, optional
        Called between the filters; may raise to stop.

    Returns
    -------
    np.ndarray
        ``(H, W, D)``, float32: `filtered`, as its own `Standard` counts.
    """
    found = filtered(picture, colour=not is_grey(picture), check=check)
    return Standard.of(found)(found)
