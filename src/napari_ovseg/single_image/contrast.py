"""Contrast: which of several scores draw the outline of background where the picture has edges.

How strong background is decides how far things reach, and no one strength suits all pictures. Along the
outline of a thing the picture changes; along one drawn too wide or too narrow it changes less. Nothing but
the picture is asked, so no truth is needed to choose.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from napari_ovseg.single_image.edges import pixel_adaptive_refinement

# docs/refinement.md has the measurements
POWER_FACTORS = (1.0, 0.7, 1.4, 0.5, 2.0)
# an outline this short says little; none has the contrast of the picture everywhere
LEAST_LENGTH = 5


def outline_contrast(background: torch.Tensor, picture: torch.Tensor) -> float:
    """How much the picture changes along the outline of background, against everywhere.

    Parameters
    ----------
    background : torch.Tensor
        ``(h, w)``, bool.
    picture : torch.Tensor
        ``(3, h, w)`` in [0, 1].

    Returns
    -------
    float
        Mean absolute difference of two neighbours of which one is background, over that of any two; towards
        1 where the outline is short, 1 where there is none.
    """
    along, length, everywhere = 0.0, 0, []
    for dim in (0, 1):
        size = background.shape[dim] - 1
        one, other = (background.narrow(dim, start, size) for start in (0, 1))
        change = picture.diff(dim=dim + 1).abs().mean(0)
        along += float(change[one != other].sum())
        length += int((one != other).sum())
        everywhere.append(change.flatten())
    mean = float(torch.cat(everywhere).mean()) if background.numel() > 1 else 0.0
    if mean < 1e-6:
        return 1.0
    return (along / mean + LEAST_LENGTH) / (length + LEAST_LENGTH)


def best_outlined(candidates: Sequence[torch.Tensor], picture: torch.Tensor) -> int:
    """Which scores, once they follow the edges, outline background with most contrast.

    Parameters
    ----------
    candidates : sequence of torch.Tensor
        Each ``(K, h, w)``, background first, all of one shape.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1], of `edges.EDGE_SIDE` at most.

    Returns
    -------
    int
        The number of the best one; of equal ones, the first.
    """
    if len(candidates) == 1:
        return 0
    size = picture.shape[-2:]
    scores = F.interpolate(torch.cat(list(candidates))[None], size, mode="bilinear", antialias=True)[0]
    refined = pixel_adaptive_refinement(scores, picture).split(len(candidates[0]))
    contrasts = [outline_contrast(one.argmax(0) == 0, picture) for one in refined]
    return contrasts.index(max(contrasts))
