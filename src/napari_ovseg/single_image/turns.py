"""The turns of learning one picture: from its rough maps, then from what was made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from napari_ovseg.segmentation import checking
from napari_ovseg.single_image.contrast import shift_background
from napari_ovseg.single_image.edges import sharpen
from napari_ovseg.single_image.head import anchor, appearance, distil

# the per-image network works at this long side at most, whatever the size of the picture
WORK_SIDE = 512
# the second network learns from what the first made of the maps; both have a say
TURNS = 2


def learn(
    picture: np.ndarray,
    scores: torch.Tensor,
    deep: torch.Tensor | None,
    *,
    seed: int = 0,
    step_done: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> torch.Tensor:
    """Distil rough scores twice; `sharpen_finely` gives the scores of the masks from what this returns.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1], of `WORK_SIDE` at most.
    scores : torch.Tensor
        ``(K, h, w)``, as for `distil`, background first.
    deep : torch.Tensor or None
        ``(D, gh, gw)``, as for `distil`.
    seed, step_done, should_stop
        As for `distil`.

    Returns
    -------
    torch.Tensor
        ``(K, H, W)``, sums to one. A category with no score anywhere gets none.

    Raises
    ------
    Cancelled
        When ``should_stop`` turns true.
    """
    possible = scores.flatten(1).amax(1) > 0
    if not possible.all():
        learnt = torch.zeros(len(scores), *picture.shape[:2])
        learnt[possible] = learn(
            picture, scores[possible], deep, seed=seed, step_done=step_done, should_stop=should_stop
        )
        return learnt
    check = checking(should_stop)
    shallow, guide = appearance(picture), torch.from_numpy(picture).permute(2, 0, 1)
    rough, logs = scores, []
    for turn in range(TURNS):
        learnt = distil(shallow, rough, deep, seed=seed + turn, step_done=step_done, should_stop=should_stop)
        logs.append(learnt.clamp_min(1e-4).log())
        if turn + 1 < TURNS:
            rough = sharpen(anchor(learnt, scores), guide, on_round=check)
    both = anchor((sum(logs[1:], logs[0]) / TURNS).softmax(0), scores)
    return shift_background(both, guide, on_round=check)
