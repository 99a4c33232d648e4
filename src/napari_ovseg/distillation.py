"""From rough maps to masks: pseudo-labels, the network of this one picture, edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from napari_ovseg.context import Context, Known, decide, shares
from napari_ovseg.pseudo_labels import PseudoLabels, pseudo_labels
from napari_ovseg.segmentation import OnPseudoLabels, Run
from napari_ovseg.single_image import (
    EDGE_SIDE,
    ROUNDS,
    SHARPENING,
    SHARPENING_FINELY,
    STEPS,
    TURNS,
    deep_components,
    sharpen,
    sharpen_finely,
    train,
    walk,
    work_side,
)
from napari_ovseg.views.source import PictureSource
from napari_ovseg.views.span import Span

PSEUDO = "Pseudo-labels"
TRAINING = "Training on this picture"
EDGES = "Edges"


@dataclass(frozen=True)
class Distilled:
    """What the steps after relevance make of it.

    Attributes
    ----------
    context : Context
        What was decided for the whole picture on the way.
    relevance : torch.Tensor
        ``(N, h, w)``, float32 in [0, 1]: the maps, each stretched.
    features : torch.Tensor or None
        ``(D, gh, gw)``, float32: the main directions of the deep features.
    pseudo_labels : PseudoLabels
    stages : dict of str to torch.Tensor
        ``(C + 1, h, w)`` soft scores after each stage, background first, summing to one; the masks are the
        best of the last.
    """

    context: Context
    relevance: torch.Tensor
    features: torch.Tensor | None
    pseudo_labels: PseudoLabels
    stages: dict[str, torch.Tensor]


def distil_maps(
    source: PictureSource,
    maps: torch.Tensor,
    features: torch.Tensor | None,
    known: Known,
    *,
    run: Run,
    on_pseudo_labels: OnPseudoLabels | None,
    side: int = EDGE_SIDE,
) -> Distilled:
    """Refine rough maps by what the picture itself shows.

    Parameters
    ----------
    source : PictureSource
        The picture.
    maps : torch.Tensor
        ``(N, h, w)``, any scale: one for each of C categories, then that of the background words, if any.
    features : torch.Tensor or None
        ``(F, gh, gw)``: deep features of the picture.
    known : Known
        Which categories may be painted, how strong background is in such maps, and the seed.
    run : Run
        Told of each stage, and asked whether to go on.
    on_pseudo_labels : callable, optional
        ``on_pseudo_labels(labels, confidence)``, called as soon as they exist.
    side : int
        Longest side at which the pseudo-labels follow edges, in pixels. The network works on more, in
        proportion.

    Raises
    ------
    Cancelled
        Within one training step, or one round of a filter, of being told to stop.
    """
    stages, power = {}, known.background_power
    choosing = power is not None
    with run.stage(PSEUDO, SHARPENING + ROUNDS * choosing):
        deep = None if features is None else deep_components(features)
        run.check()
        relevance = Span.of(maps).stretch(maps)
        walked = relevance if deep is None else walk(relevance, deep)
        run.check()
        stages["relevance"] = shares(relevance, known.there, power)
        outlined = _planes(source.read(side=side))
        context = decide(known, maps, walked, outlined, run=run)
        stages["pseudo-labels"] = sharpen(context.shares(walked), outlined, side=side, on_round=run.go_on)
        run.check()
        pseudo = pseudo_labels(stages["pseudo-labels"], source.size)
        if on_pseudo_labels is not None:
            on_pseudo_labels(pseudo.labels, pseudo.confidence)
    if known.there.any():
        rough = stages["pseudo-labels"]
        stages |= _learnt(source.read(side=work_side(rough)), rough, deep, known, run)
    return Distilled(context, relevance, deep, pseudo, stages)


def _learnt(
    picture: np.ndarray, scores: torch.Tensor, deep: torch.Tensor | None, known: Known, run: Run
) -> dict[str, torch.Tensor]:
    """Train on this picture, then follow its edges."""
    with run.stage(TRAINING, TURNS * STEPS):
        learnt = train(
            picture,
            scores,
            deep,
            seed=known.seed,
            anchored=known.anchor,
            step_done=run.advance,
            should_stop=run.should_stop,
        )
    with run.stage(EDGES, SHARPENING_FINELY):
        sharpened = sharpen_finely(learnt.everywhere, _planes(picture), on_round=run.go_on)
    return {"distilled": learnt.everywhere, "edges": sharpened}


def _planes(picture: np.ndarray) -> torch.Tensor:
    """A picture ``(H, W, 3)`` as ``(3, H, W)``."""
    return torch.from_numpy(picture).permute(2, 0, 1)
