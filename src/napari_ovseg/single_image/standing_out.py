"""Standing out: how much brighter what a map marks is than what is right around it.

Along an outline the picture changes wherever there is texture; that things are brighter than the band around
them, by how much and how evenly, is true of the right map only. Nothing but the picture is asked, so no truth
is needed to choose a polarity or a threshold.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from torch import Tensor

from napari_ovseg.views.source import shrunk

# pixels around a mask that it is compared with
BAND = 3
# thresholds that are tried, as cosines from that of Otsu: where things are few it is far too low
STEPS = tuple(step / 100 for step in range(-4, 21, 2))
# how much area counts: without it the few brightest things win
AREA_POWER = 0.25
MOST_SIDE = 1024
# so few pixels say nothing
LEAST_PIXELS = 20


def stands_out(inside: Tensor, picture: Tensor, *, but: Tensor | None = None) -> float:
    """How much brighter a mask is than a band of `BAND` pixels around it: Cohen's effect size.

    Parameters
    ----------
    inside : torch.Tensor
        ``(h, w)``, bool.
    picture : torch.Tensor
        ``(h, w)``, float: brightness.
    but : torch.Tensor, optional
        ``(h, w)``, bool: pixels that the band leaves out.

    Returns
    -------
    float
        Difference of the means over the pooled standard deviation; below 0 where the mask is darker, 0 where
        the mask or the band has fewer than `LEAST_PIXELS` pixels.
    """
    # a square's maximum is that of its rows' maxima
    near = F.max_pool2d(inside[None, None].float(), (1, 2 * BAND + 1), stride=1, padding=(0, BAND))
    near = F.max_pool2d(near, (2 * BAND + 1, 1), stride=1, padding=(BAND, 0))[0, 0] > 0
    band = near & ~inside if but is None else near & ~inside & ~but
    within, around = picture[inside], picture[band]
    if min(len(within), len(around)) < LEAST_PIXELS:
        return 0.0
    spread = ((within.var() + around.var()) / 2).sqrt().clamp_min(1e-6)
    return float((within.mean() - around.mean()) / spread)


def rise(inside: Tensor, picture: Tensor) -> float:
    """How much the picture rises across the outline of a mask, from outside in, against how much it changes.

    In a photo neighbours along an outline are now brighter, now darker; around things of one kind they are
    brighter all along.

    Parameters
    ----------
    inside : torch.Tensor
        ``(h, w)``, bool.
    picture : torch.Tensor
        ``(h, w)``, float: brightness.

    Returns
    -------
    float
        Mean step over the outline, over the mean size of a step anywhere; 0 without an outline.
    """
    marked, total, length, sizes = inside.float(), 0.0, 0, []
    for dim in (0, 1):
        step, across = picture.diff(dim=dim), marked.diff(dim=dim)
        total += float((step * across).sum())
        length += int(across.abs().sum())
        sizes.append(step.abs().flatten())
    usual = float(torch.cat(sizes).mean()) if picture.numel() > 1 else 0.0
    return total / length / usual if length and usual > 1e-6 else 0.0


def otsu(values: Tensor) -> float:
    """Otsu's threshold of a map ``(h, w)``; of one that is the same everywhere, its value."""
    return float(threshold_otsu(values.numpy())) if values.amin() < values.amax() else float(values.amin())


def best_threshold(values: Tensor, picture: NDArray[np.float32]) -> float:
    """Return the threshold whose mask stands out most, large masks preferred.

    Parameters
    ----------
    values : torch.Tensor
        ``(h, w)``, float32: a map of cosines.
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1], things bright; looked at with `MOST_SIDE` pixels at most.

    Returns
    -------
    float
        Otsu's plus one of `STEPS`: the one with most of `stands_out` times the share of the picture to the
        power of `AREA_POWER`. Otsu's itself where no mask stands out.
    """
    shown = brightness(picture, MOST_SIDE)
    fine = interpolated(values, shown.shape)
    middle = otsu(values)
    best, most = middle, 0.0
    for step in STEPS:
        inside = fine > middle + step
        worth = stands_out(inside, shown) * float(inside.float().mean()) ** AREA_POWER
        if worth > most:
            best, most = middle + step, worth
    return best


def brightness(picture: NDArray[np.float32], side: int) -> Tensor:
    """Mean of the colours ``(h, w)`` of a picture ``(H, W, 3)``, its long side of ``side`` pixels at most."""
    planes = torch.from_numpy(picture).permute(2, 0, 1).mean(0)
    return F.interpolate(planes[None, None], shrunk(planes.shape, side), mode="area")[0, 0]


def interpolated(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """A map ``(h, w)`` in the pixels of a picture of ``size``."""
    return F.interpolate(values[None, None], tuple(size), mode="bilinear", align_corners=False)[0, 0]
