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

UPDATE = "Learning from corrections"


def refine(
    image: Any,
    segmentation: Segmentation,
    edited: np.ndarray,
    *,
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
        When the shapes differ or ``edited`` holds what can't be an id.
    Cancelled
        Within one training step of ``should_stop()`` turning true.
    """
    masks, void = segmentation.masks, void_id(len(segmentation.categories))
    changed = np.asarray(edited)
    if changed.shape != masks.shape:
        raise InputError(f"The edited masks have the shape {changed.shape}; the masks have {masks.shape}.")
    if changed.dtype.kind not in "ui" or not ((changed >= 0) & (changed < void)).all():
        raise InputError(f"The edited masks must hold whole numbers from 0 to {void - 1}.")
    changed = changed.astype(masks.dtype)
    human = np.where(changed != masks, changed, segmentation.human)
    run = Run(progress, should_stop)
    with run.stage(TRAINING, TURNS * STEPS):
        learner = SingleImage(
            to_rgb(image), segmentation.state, seed=seed, step_done=run.advance, should_stop=run.should_stop
        )
    with run.stage(UPDATE):
        found = learner.update(changed, human, locked=locked, should_stop=run.should_stop)
    record = segmentation.record | {"seconds": segmentation.record["seconds"] | run.seconds}
    return replace(segmentation, masks=found.masks, human=human, confidence=found.confidence, record=record)
