"""From rough maps to masks: pseudo-labels, the network of this one picture, edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from napari_ovseg import augmentation
from napari_ovseg.pseudo_labels import PseudoLabels, compete, pseudo_labels
from napari_ovseg.segmentation import OnPseudoLabels, Run
from napari_ovseg.single_image import (
    EDGE_SIDE,
    POWER_FACTORS,
    ROUNDS,
    SHARPENING,
    SHARPENING_FINELY,
    STEPS,
    TURNS,
    WORK_SIDE,
    best_outlined,
    deep_components,
    sharpen,
    sharpen_finely,
    train,
    walk,
)

PSEUDO = "Pseudo-labels"
TRAINING = "Training on this picture"
EDGES = "Edges"


@dataclass(frozen=True)
class Distilled:
    """What the steps after relevance make of it.

    Attributes
    ----------
    relevance : torch.Tensor
        ``(N, h, w)``, float32 in [0, 1]: the maps, each stretched.
    features : torch.Tensor or None
        ``(D, gh, gw)``, float32: the main directions of the deep features.
    pseudo_labels : PseudoLabels
    stages : dict of str to torch.Tensor
        ``(C + 1, h, w)`` soft scores after each stage, background first, summing to one; the masks are the
        best of the last.
    """

    relevance: torch.Tensor
    features: torch.Tensor | None
    pseudo_labels: PseudoLabels
    stages: dict[str, torch.Tensor]


def distil_maps(
    picture: np.ndarray,
    maps: torch.Tensor,
    features: torch.Tensor | None,
    there: torch.Tensor,
    *,
    background_power: float | None,
    seed: int,
    run: Run,
    on_pseudo_labels: OnPseudoLabels | None,
) -> Distilled:
    """Refine rough maps by what the picture itself shows.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    maps : torch.Tensor
        ``(N, h, w)``, any scale: one for each of C categories, then that of the background words, if any.
    features : torch.Tensor or None
        ``(F, gh, gw)``: deep features of the picture.
    there : torch.Tensor
        ``(C,)``, bool: which categories may be painted.
    background_power : float or None
        Alpha of `pseudo_labels.compete`, from half to twice of which the one that suits the picture is
        taken; None where every pixel is of a category.
    seed : int
    run : Run
        Told of each stage, and asked whether to go on.
    on_pseudo_labels : callable, optional
        ``on_pseudo_labels(labels, confidence)``, called as soon as they exist.

    Raises
    ------
    Cancelled
        Within one training step, or one round of a filter, of being told to stop.
    """
    stages = {}
    with run.stage(PSEUDO, SHARPENING + (0 if background_power is None else ROUNDS)):
        relevance = augmentation.normalise(maps)
        deep = None if features is None else deep_components(features)
        run.check()
        spread = relevance if deep is None else augmentation.normalise(walk(relevance, deep))
        run.check()
        stages["relevance"] = _shares(relevance, there, background_power)
        outlined = torch.from_numpy(augmentation.reduce(picture, EDGE_SIDE)).permute(2, 0, 1)
        shares = _best_shares(spread, there, background_power, outlined, run)
        stages["pseudo-labels"] = sharpen(shares, outlined, on_round=run.go_on)
        run.check()
        pseudo = pseudo_labels(stages["pseudo-labels"], picture.shape[:2])
        if on_pseudo_labels is not None:
            on_pseudo_labels(pseudo.labels, pseudo.confidence)
    if there.any():
        stages |= _learnt(augmentation.reduce(picture, WORK_SIDE), stages["pseudo-labels"], deep, seed, run)
    return Distilled(relevance, deep, pseudo, stages)


def _learnt(
    picture: np.ndarray, scores: torch.Tensor, deep: torch.Tensor | None, seed: int, run: Run
) -> dict[str, torch.Tensor]:
    """Train on this picture, then follow its edges."""
    with run.stage(TRAINING, TURNS * STEPS):
        learnt = train(picture, scores, deep, seed=seed, step_done=run.advance, should_stop=run.should_stop)
    with run.stage(EDGES, SHARPENING_FINELY):
        sharpened = sharpen_finely(
            learnt.everywhere, torch.from_numpy(picture).permute(2, 0, 1), on_round=run.go_on
        )
    return {"distilled": learnt.everywhere, "edges": sharpened}


def _best_shares(
    maps: torch.Tensor, there: torch.Tensor, power: float | None, picture: torch.Tensor, run: Run
) -> torch.Tensor:
    """As `_shares`, with the power of background near ``power`` that suits the picture."""
    if power is None:
        return _shares(maps, there, None)
    candidates = [_shares(maps, there, power * factor) for factor in POWER_FACTORS]
    return best_outlined(candidates, POWER_FACTORS.values(), picture, on_round=run.go_on)


def _shares(maps: torch.Tensor, there: torch.Tensor, power: float | None) -> torch.Tensor:
    """Let the maps of what is there, and of the background words if any, compete with background."""
    # where no map says anything, and there is no background, what is there shares the cell
    least = 0.0 if power is not None else 1e-4
    sought = maps[: len(there)].clamp_min(least) * there[:, None, None]
    return compete(sought, maps[-1] if len(maps) > len(there) else None, power=power)
