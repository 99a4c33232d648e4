"""A simulated annotator: a stroke, thick as a brush, in the largest wrong region, with its true category."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import disk
from skimage.graph import MCP_Geometric

# shares of the picture's long side: napari's brush of 10 pixels on a picture of 500
BRUSH = 0.02
LONGEST = 0.25
VOID = 255
# of wrong regions, chosen at random, those are left out that are smaller: pixels
SPECK = 12
Labels = NDArray[np.integer]
Mask = NDArray[np.bool_]


def largest_wrong_region(
    masks: Labels, truth: Labels, human: Labels, categories: Iterable[int] | None = None
) -> Mask | None:
    """The largest connected region of one true category, of all or of these, that the masks call otherwise.

    None if none is.
    """
    best, most = None, 0
    for category in np.unique(truth[truth != VOID]) if categories is None else categories:
        wrong = (truth == category) & (masks != category) & (human == VOID)
        regions, count = ndimage.label(wrong)
        if count:
            sizes = np.bincount(regions.ravel())[1:]
            if sizes.max() > most:
                best, most = regions == sizes.argmax() + 1, int(sizes.max())
    return best


def any_wrong_region(
    masks: Labels, truth: Labels, human: Labels, categories: Iterable[int], draw: np.random.Generator
) -> Mask | None:
    """Any of the connected regions of these true categories that the masks call otherwise; None if none is.

    Specks of less than `SPECK` pixels are taken only where nothing larger is wrong.
    """
    found: list[tuple[int, NDArray[np.int32], int]] = []
    for category in categories:
        regions, _ = ndimage.label((truth == category) & (masks != category) & (human == VOID))
        found += [(int(size), regions, n + 1) for n, size in enumerate(np.bincount(regions.flat)[1:])]
    if not found:
        return None
    least = min(SPECK, max(size for size, _, _ in found))
    seen = [(regions, number) for size, regions, number in found if size >= least]
    regions, number = seen[draw.integers(len(seen))]
    chosen: Mask = regions == number
    return chosen


def stroke(
    region: Mask,
    allowed: Mask,
    draw: np.random.Generator,
    *,
    radius: float | None = None,
    longest: float = LONGEST,
) -> Mask:
    """Where the brush goes: from the middle of a region along it.

    Parameters
    ----------
    region : np.ndarray
        ``(H, W)``: the wrong region.
    allowed : np.ndarray
        ``(H, W)``: where the category truly is; a person paints no further.
    draw : np.random.Generator
        Chooses among starts that are nearly as deep, and among ends that are nearly as far.
    radius : float, optional
        Of the brush, in pixels; by default half of `BRUSH`, at least 1.5.
    longest : float
        How far it goes, a share of the long side; less where the way is near the region's rim.
    """
    long = max(region.shape)
    window = tuple(
        slice(max(0, s.start - 1), s.stop + 1) for s in ndimage.find_objects(region.astype(np.int8))[0]
    )
    inside = np.pad(region[window], 1)
    depth = ndimage.distance_transform_edt(inside)
    starts = np.argwhere(depth >= 0.8 * depth.max())
    start = starts[draw.integers(len(starts))]
    # a person keeps to the middle of what is to be painted
    price = np.where(inside, 1 + 2 * (1 - depth / depth.max()), -1)
    # a step costs no less than its length, so what is farther away changes nothing
    near = np.maximum(start - int(longest * long) - 2, 0)
    price = price[
        tuple(slice(low, at + int(longest * long) + 3) for low, at in zip(near, start, strict=True))
    ]
    paths = MCP_Geometric(price)
    costs, _ = paths.find_costs([start - near])
    reached = np.isfinite(costs)
    limit = min(costs[reached].max(), longest * long)
    ends = np.argwhere(reached & (costs >= 0.8 * limit) & (costs <= limit))
    path = paths.traceback(ends[draw.integers(len(ends))]) if len(ends) else [tuple(start - near)]
    radius = max(1.5, BRUSH * long / 2) if radius is None else radius
    painted = np.zeros(region.shape, bool)
    for row, column in path:
        centre = (row + near[0] - 1 + window[0].start, column + near[1] - 1 + window[1].start)
        painted[disk(centre, radius, shape=region.shape)] = True
    return painted & allowed


def correct(masks: Labels, truth: Labels, human: Labels, draw: np.random.Generator) -> bool:
    """Add one stroke to the human pixels, in place; False when nothing is wrong."""
    region = largest_wrong_region(masks, truth, human)
    if region is None:
        return False
    category = truth[region][0]
    human[stroke(region, truth == category, draw)] = category
    return True
