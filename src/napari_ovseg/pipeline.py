"""Test-time distillation, from a picture and typed names to masks.

Zabari & Hoshen, "Open-Vocabulary Semantic Segmentation Using Test-Time Distillation" (ECCVW 2022):
views of the picture -> relevance of each name -> fused maps -> pseudo-labels -> a network trained on this one
picture -> edges. Each step is one file; this one only says in which order they come.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import torch

from napari_ovseg.answers import answer
from napari_ovseg.categories import Category, parse_categories, void_id
from napari_ovseg.context import Known, what_is_there
from napari_ovseg.distillation import Distilled, distil_maps
from napari_ovseg.errors import InputError
from napari_ovseg.models.likeness import ABSENT_BELOW
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.mask_model import MaskModel
from napari_ovseg.models.model import Model
from napari_ovseg.models.registry import unknown_note
from napari_ovseg.pseudo_labels import BACKGROUND_POWER, paint
from napari_ovseg.segmentation import (
    OnPseudoLabels,
    Progress,
    Run,
    Segmentation,
    ShouldStop,
    State,
    TriedLook,
)
from napari_ovseg.settings import Choices, Settings
from napari_ovseg.sight import look_at
from napari_ovseg.version import __version__
from napari_ovseg.views.looks import AS_IT_IS, AUTO
from napari_ovseg.views.source import PictureSource, source_of
from napari_ovseg.wording import NONE

NO_SIZE = "This model looks at the picture as a whole, so the size of things made no difference."
VERSIONS = {
    "napari-ovseg": __version__,
    "python": platform.python_version(),
    "torch": torch.__version__,
    "numpy": np.__version__,
}


def segment(
    image: Any,
    names: Settings | str | Category | Iterable[str | Category],
    *,
    model: Model,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_pseudo_labels: OnPseudoLabels | None = None,
    **choices: Unpack[Choices],
) -> Segmentation:
    """Find the named things in a picture.

    Parameters
    ----------
    image : array-like or PictureSource
        Any picture that `images.to_rgb` reads, or one that is read in parts.
    names : str, Category, iterable of them, or Settings
        The typed list, as `categories.parse_categories` reads it; or all settings at once, whose ``model`` is
        a name for the record only: `model` is what looks.
    model : Model
        From `load_model`.
    progress : callable, optional
        ``progress(stage, done, total)``.
    should_stop : callable, optional
        Asked before every view and training step.
    on_pseudo_labels : callable, optional
        ``on_pseudo_labels(labels, confidence)``, called as soon as they exist: ids ``(H, W)`` with void,
        and float32 ``(H, W)`` in [0, 1].
    **choices
        ``preset``, ``method``, ``look``, ``size``, ``pack``, ``known``, ``background`` and ``seed``, as in
        `Settings`. Sizes are in pixels here; `Settings.in_pixels` makes them so.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        When the picture, the names, the preset, the pack or a size can't be used, the model lacks the
        method, or background words are given where there is to be no background.
    ModelError
        When a `MaskModel` gives what is no score.
    Cancelled
        Within one view or training step of ``should_stop()`` turning true.
    """
    if isinstance(names, Settings):
        settings = replace(names, **choices)
    else:
        settings = Settings(names=parse_categories(names), **choices)
    # nobody says how large a pixel of an array is: lengths are refused
    settings = settings.in_pixels(None, None)
    source, run = source_of(image), Run(progress, should_stop)
    if isinstance(model, MaskModel):
        distilled = answer(source, settings, model=model, run=run, on_pseudo_labels=on_pseudo_labels)
        seen = {"views": 1, "look": str(AS_IT_IS) if settings.look == AUTO else settings.look}
        tried: tuple[TriedLook, ...] = ()
        notes: tuple[str, ...] = (NO_SIZE,) if settings.sizes else ()
    elif isinstance(model, MapModel):
        sight = look_at(source, settings, model=model, run=run)
        distilled = distil_maps(
            sight.guide,
            sight.maps,
            sight.features,
            sight.known,
            run=run,
            on_pseudo_labels=on_pseudo_labels,
            side=sight.side,
        )
        seen, tried, notes = sight.said, sight.tried, sight.notes
    else:
        raise TypeError(f"{type(model).__name__} is neither a MapModel nor a MaskModel")
    found = _segmentation(source, settings, distilled, run)
    chosen = {
        "method": model.card.find_method(settings.method).name,
        "known": settings.known,
        "preset": settings.preset,
    }
    record = chosen | seen | found.record | _seen_by(model, settings.names, distilled.context.known, notes)
    return replace(found, record=record, tried=tried)


def _seen_by(
    model: Model, named: tuple[Category, ...], known: Known, notes: tuple[str, ...]
) -> dict[str, Any]:
    """For the record: which weights looked at the picture, against which words, and what they don't know."""
    return model.card.meant_by(named) | {
        "model": model.card.name,
        "checkpoint": model.card.checkpoint,
        "pack": known.pack.name if known.pack else NONE,
        "pack_guess": known.guess.shares if known.guess else None,
        "warnings": [*_warnings(model, named), *notes],
    }


def _warnings(model: Model, named: tuple[Category, ...]) -> list[str]:
    """Say what the model does not know, and what went otherwise than asked."""
    unknown = unknown_note(model.card, named)
    return [*([unknown] if unknown else []), *model.notes]


def segment_maps(
    picture: Any,
    maps: Any,
    features: Any = None,
    *,
    categories: str | Category | Iterable[str | Category] | None = None,
    presence: Any = None,
    background_power: float = BACKGROUND_POWER,
    background: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
    on_pseudo_labels: OnPseudoLabels | None = None,
) -> Segmentation:
    """Pseudo-labels and masks from a picture and rough maps of any source: the second half of `segment`.

    Parameters
    ----------
    picture : array-like or PictureSource
        Any picture that `images.to_rgb` reads, or one that is read in parts; ``(H, W)`` pixels.
    maps : array-like
        ``(C, h, w)``, one rough map per category, any scale: each is normalised here. With a background
        category, its map comes last.
    features : array-like, optional
        ``(F, gh, gw)`` deep features of the picture, any grid; without them colour and position must do.
    categories : str, Category or iterable of them, optional
        One per map; by default "category 1", "category 2" and so on.
    presence : array-like, optional
        ``(C,)`` in [0, 1]; a category under 0.2 is not painted. By default all are there.
    background_power : float
        Alpha of the background score ``(1 - max_c M_c) ** alpha``, see `pseudo_labels.compete`. The
        default is for maps with a zero of their own (gradients, activations); 0.5 suits maps of cosines.
    background, seed
        As in `Settings`.
    progress, should_stop, on_pseudo_labels
        As in `segment`.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        When the shapes don't fit together or a map holds NaN or infinity.
    Cancelled
        Within one training step of ``should_stop()`` turning true.
    """
    source = source_of(picture)
    raw = _checked(maps, "maps")
    deep = None if features is None else _checked(features, "features")
    named = parse_categories(categories or [f"category {i + 1}" for i in range(len(raw))])
    settings = Settings(names=named, background=background, seed=seed)
    sought = len(settings.sought)
    if len(named) != len(raw):
        raise InputError(f"There are {len(raw)} maps for {len(named)} categories; give one map for each.")
    sure = torch.ones(sought) if presence is None else torch.as_tensor(presence).float().cpu()
    if sure.shape != (sought,) or not ((sure >= 0) & (sure <= 1)).all():
        raise InputError(f"The presence must be {sought} numbers in [0, 1], one for each category.")
    if not background_power > 0:
        raise InputError(f"The background power must be above 0, not {background_power}.")
    run = Run(progress, should_stop)
    known = Known(
        sure, what_is_there(sure, ABSENT_BELOW, background), background_power if background else None, seed
    )
    distilled = distil_maps(source, raw, deep, known, run=run, on_pseudo_labels=on_pseudo_labels)
    return _segmentation(source, settings, distilled, run)


def _segmentation(source: PictureSource, settings: Settings, distilled: Distilled, run: Run) -> Segmentation:
    """Paint the masks at full size, and say how they came about."""
    sought, known = settings.sought, distilled.context.known
    judged = zip(sought, known.there.tolist(), strict=True)
    scores = list(distilled.stages.values())[-1]
    masks, confidence = paint(scores, source.size)
    return Segmentation(
        categories=sought,
        background=settings.background_words,
        relevance=distilled.relevance[: len(sought)].numpy(),
        pseudo_labels=distilled.pseudo_labels.labels,
        masks=masks,
        human=np.full_like(masks, void_id(len(sought))),
        confidence=confidence,
        presence=known.presence.numpy(),
        record={
            "seed": settings.seed,
            "absent": [name.name for name, is_there in judged if not is_there],
            "warnings": [],
            "seconds": run.seconds,
            "versions": VERSIONS,
        },
        state=State(
            ids=tuple(range(1, len(sought) + 1)),
            scores=distilled.stages["pseudo-labels"].numpy(),
            features=None if distilled.features is None else distilled.features.numpy(),
            anchor=known.anchor,
        ),
        stages=distilled.stages,
    )


def _checked(values: Any, what: str) -> torch.Tensor:
    """``(K, h, w)`` float32 on the CPU, or an error that says what is wrong."""
    tensor = torch.as_tensor(values).detach().float().cpu()
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise InputError(f"The {what} have the shape {tuple(tensor.shape)}; give (count, rows, columns).")
    if not torch.isfinite(tensor).all():
        raise InputError(f"The {what} hold NaN or infinity; replace these values by finite ones.")
    return tensor
