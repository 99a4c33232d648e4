"""Masks that learn from what a person corrected; the costly steps of `pipeline.segment` are not run again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from napari_ovseg.categories import void_id
from napari_ovseg.distillation import TRAINING
from napari_ovseg.errors import InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.segmentation import Progress, Run, Segmentation, ShouldStop
from napari_ovseg.single_image import STEPS, TURNS, SingleImage
from napari_ovseg.views.rendering import saved_rendering

UPDATE = "Learning from corrections"


def refine(
    image: Any,
    segmentation: Segmentation,
    edited: np.ndarray,
    *,
    human: np.ndarray | None = None,
    locked: Collection[int] = (),
    seed: int = 0,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Segmentation:
    """Learn from corrected masks: what a person painted is kept, and what is like it follows.

    Parameters
    ----------
    image : array-like
        The picture that was segmented.
    segmentation : Segmentation
        From `segment`, `segment_maps` or `refine`.
    edited : array-like
        ``(H, W)``, integers: its masks after a person's changes. Pixels that differ from
        ``segmentation.masks`` are human from then on, 0 too; an id without a category is learnt from its
        pixels alone.
    human : array-like, optional
        ``(H, W)``, integers: the ids that a person painted (0: background), void (255, or 65535 past 254
        categories) elsewhere. Pixels that were painted with what the masks say already are human too; no
        comparison tells of them. Where it holds an id, ``edited`` counts for nothing.
    locked : collection of int
        Ids that only a person gives to or takes from a pixel.
    seed : int
        That of the first run.
    progress, should_stop
        As in `segment`.

    Returns
    -------
    Segmentation
        With new ``masks``, ``human`` and ``confidence``; the rest is that of ``segmentation``.

    Raises
    ------
    InputError
        When the shapes differ, or ``edited`` or ``human`` holds what can't be an id.
    Cancelled
        Within one training step of ``should_stop()`` turning true.
    """
    masks, void = segmentation.masks, void_id(len(segmentation.categories))
    changed = _checked(edited, "edited masks", masks, void - 1)
    painted = np.where(changed != masks, changed, segmentation.human)
    if human is not None:
        told = _checked(human, "human pixels", masks, void)
        painted = np.where(told != void, told, painted)
        changed = np.where(told != void, told, changed)
    run = Run(progress, should_stop)
    with run.stage(TRAINING, TURNS * STEPS):
        learner = SingleImage(
            to_rgb(image),
            segmentation.state,
            seed=seed,
            guide=saved_rendering(segmentation.record.get("guide")),
            step_done=run.advance,
            should_stop=run.should_stop,
        )
    with run.stage(UPDATE):
        found = learner.update(changed, painted, locked=locked, should_stop=run.should_stop)
    record = segmentation.record | {"seconds": segmentation.record["seconds"] | run.seconds}
    return replace(segmentation, masks=found.masks, human=painted, confidence=found.confidence, record=record)


def _checked(labels: Any, what: str, masks: np.ndarray, most: int) -> np.ndarray:
    """Return labels from 0 to the greatest in the dtype of masks, or raise InputError that says why not."""
    given = np.asarray(labels)
    if given.shape != masks.shape:
        raise InputError(f"The {what} have the shape {given.shape}; the masks have {masks.shape}.")
    if given.dtype.kind not in "ui" or not ((given >= 0) & (given <= most)).all():
        raise InputError(f"The {what} must hold whole numbers from 0 to {most}.")
    return given.astype(masks.dtype)
