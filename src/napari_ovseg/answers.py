"""The answer of a model that gives scores at once, in the shape in which a distilled one comes."""

from __future__ import annotations

import torch
from torch import Tensor

from napari_ovseg.context import Context, Known
from napari_ovseg.distillation import PSEUDO, Distilled
from napari_ovseg.errors import ModelError
from napari_ovseg.models.mask_model import MaskModel
from napari_ovseg.pseudo_labels import pseudo_labels
from napari_ovseg.segmentation import OnPseudoLabels, Run
from napari_ovseg.settings import Settings
from napari_ovseg.views.looks import AS_IT_IS, AUTO, parse_look
from napari_ovseg.views.rendering import fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.views.span import Span

# keeps a pixel of which the model says nothing from being divided by 0
LEAST = 1e-6


def answer(
    source: PictureSource,
    settings: Settings,
    *,
    model: MaskModel,
    run: Run,
    on_pseudo_labels: OnPseudoLabels | None,
) -> Distilled:
    """Ask a model for the masks of a picture.

    A name that wins no pixel is absent, unless all are known to be there. Its presence is its best score. The
    picture is shown as it is, or in the look that a person has chosen.

    Parameters
    ----------
    source : PictureSource
    settings : Settings
    model : MaskModel
    run : Run
        Told of the stage, and asked before it whether to go on.
    on_pseudo_labels : callable, optional
        ``on_pseudo_labels(labels, confidence)``, called as soon as they exist.

    Returns
    -------
    Distilled
        Without deep features; its only stage is "pseudo-labels".

    Raises
    ------
    ModelError
        When the scores are not one map for background and one for each name, finite and 0 or more.
    Cancelled
        Before the model is asked, once the caller wants to stop.
    """
    with run.stage(PSEUDO):
        phrases = [name.phrases for name in settings.sought]
        given = model.scores(_in_look(source, settings, model).read(side=model.side), phrases).float().cpu()
        scores = _shares(_checked(given, len(phrases), model), settings.background)
        best = scores.argmax(0)
        there = torch.tensor([settings.known or bool((best == k + 1).any()) for k in range(len(phrases))])
        pseudo = pseudo_labels(scores, source.size)
        if on_pseudo_labels is not None:
            on_pseudo_labels(pseudo.labels, pseudo.confidence)
    maps = scores[1:]
    known = Known(maps.flatten(1).amax(1), there, None, settings.seed)
    context = Context(known, Span.of(maps), Span.of(maps), None)
    return Distilled(context, maps, None, pseudo, {"pseudo-labels": scores})


def _in_look(source: PictureSource, settings: Settings, model: MaskModel) -> PictureSource:
    """Show a picture as it is, or in the look that a person has chosen."""
    if settings.look == AUTO or (look := parse_look(settings.look)) == AS_IT_IS:
        return source
    return Shown(source, fit(source, look, min(1.0, model.side / max(source.size))))


def _shares(scores: Tensor, background: bool) -> Tensor:
    """Make the scores sum to one, without background where there is to be none."""
    if not background:
        scores = torch.cat([torch.zeros_like(scores[:1]), scores[1:].clamp_min(LEAST)])
    return scores / scores.sum(0).clamp_min(LEAST)


def _checked(scores: Tensor, count: int, model: MaskModel) -> Tensor:
    fits = scores.ndim == 3 and len(scores) == count + 1 and 0 not in scores.shape
    if fits and torch.isfinite(scores).all() and scores.min() >= 0:
        return scores
    raise ModelError(
        f'The model "{model.card.name}" gave scores of the shape {tuple(scores.shape)} for {count} names, or '
        "values that are no scores: update the package that brings it, or tell its authors."
    )
