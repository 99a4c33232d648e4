"""What is decided and learnt once, on samples of a large picture, and then holds in every part of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.context import Context, Known, decide
from napari_ovseg.distillation import PSEUDO
from napari_ovseg.segmentation import Run
from napari_ovseg.single_image import (
    ROUNDS,
    Directions,
    Learnt,
    Standard,
    appearance,
    foretelling,
    foretelling_finely,
    sharpen,
    sharpen_finely,
    train,
    walk,
    work_side,
)
from napari_ovseg.views.source import PictureSource
from napari_ovseg.views.span import Span


@dataclass(frozen=True)
class Sample:
    """A part of a picture, and what a model says of it.

    Attributes
    ----------
    guide : PictureSource
        The part as the steps that follow its edges see it.
    maps : torch.Tensor
        ``(N, h, w)``, any scale: as of `Sight`.
    features : torch.Tensor or None
        ``(F, gh, gw)``: deep features.
    side : int
        Longest side at which the pseudo-labels follow edges, in pixels.
    """

    guide: PictureSource
    maps: Tensor
    features: Tensor | None
    side: int


@dataclass(frozen=True)
class Rough:
    """What is said of a part before the network of this picture is asked.

    Attributes
    ----------
    scores : torch.Tensor
        ``(C + 1, h, w)``, background first, summing to one: those behind pseudo-labels.
    deep : torch.Tensor or None
        ``(D, gh, gw)``: deep features along the directions of the picture.
    """

    scores: Tensor
    deep: Tensor | None


@dataclass(frozen=True)
class Decided:
    """How each part of a picture is read.

    Attributes
    ----------
    context : Context
    directions : Directions or None
        Of deep features, where the model has any.
    near : tuple of int
        Distances at which neighbours foretell pseudo-labels.
    learnt : Learnt
        The network of this picture.
    standard : Standard
        What colours are measured against.
    near_finely : tuple of int
        Distances at which neighbours foretell what was learnt.
    """

    context: Context
    directions: Directions | None
    near: tuple[int, ...]
    learnt: Learnt
    standard: Standard
    near_finely: tuple[int, ...]

    def rough(self, sample: Sample, *, check: Callable[[], None]) -> Rough:
        """Read the maps of a part.

        Raises
        ------
        Cancelled
            When ``check`` raises it.
        """
        check()
        outlined = _planes(sample.guide.read(side=sample.side))
        walked, deep = _walked(sample, self.context.maps, self.directions)
        check()
        scores = sharpen(
            self.context.shares(walked), outlined, side=max(outlined.shape), near=self.near, on_round=check
        )
        return Rough(scores, deep)

    def scores(self, guide: PictureSource, rough: Rough, *, check: Callable[[], None]) -> Tensor:
        """Ask the network about a part, and follow its edges: ``(C + 1, H, W)``, background first.

        Parameters
        ----------
        guide : PictureSource
            The part as the steps that follow its edges see it.
        rough : Rough
        check : callable
            Called now and then; may raise to stop.
        """
        picture = guide.read(side=even_side(guide, rough.scores))
        shallow = appearance(picture, self.standard)
        answer = self.learnt.answer(shallow, rough.scores, rough.deep, check=check)
        return sharpen_finely(answer, _planes(picture), near=self.near_finely, on_round=check)


def decide_on(rows: Sequence[Sequence[Sample]], known: Known, *, run: Run) -> Decided:
    """Decide and learn all that is decided once.

    Parameters
    ----------
    rows : sequence of sequence of Sample
        Samples of one size, as many in each row: they are learnt as one picture, in which they lie like this.
    known : Known
    run : Run
        Asked now and then whether to go on.

    Raises
    ------
    Cancelled
        Within one training step, or one round of a filter, of being told to stop.
    """
    every = list(chain.from_iterable(rows))
    span = Span.of(_joined(rows, [one.maps for one in every]))
    features = [one.features for one in every if one.features is not None]
    directions = Directions.of(_joined(rows, features)) if features else None
    found = [_walked(one, span, directions) for one in every]
    walked = _joined(rows, [maps for maps, _ in found])
    deep = _joined(rows, [one for _, one in found if one is not None]) if features else None
    run.check()
    outlined = _joined(rows, [_planes(one.guide.read(side=one.side)) for one in every])
    maps = _joined(rows, [one.maps for one in every])
    with run.stage(PSEUDO, ROUNDS):
        context = decide(known, maps, walked, outlined, run=run)
    side, shares = max(outlined.shape), context.shares(walked)
    near = foretelling(shares, outlined, side=side, on_round=run.check)
    rough = sharpen(shares, outlined, side=side, near=near, on_round=run.check)
    one = rough[:, : rough.shape[1] // len(rows), : rough.shape[2] // len(rows[0])]
    work = even_side(every[0].guide, one)
    planes = _joined(rows, [_planes(one.guide.read(side=work)) for one in every])
    picture = planes.permute(1, 2, 0).contiguous().numpy()
    standard = Standard.of(picture)
    learnt = train(
        picture,
        rough,
        deep,
        seed=known.seed,
        anchored=known.anchor,
        standard=standard,
        should_stop=run.should_stop,
    )
    near_finely = foretelling_finely(learnt.everywhere, planes, on_round=run.check)
    return Decided(context, directions, near, learnt, standard, near_finely)


def even_side(guide: PictureSource, scores: Tensor) -> int:
    """Side of a part to train at and to answer at, at least `work_side`: 1, 2, 4 or so pixels to each.

    So a pixel that is worked on is the same pixel of the picture in each tile that has it.
    """
    longest = max(guide.size)
    return longest // 2 ** max(0, math.floor(math.log2(longest / work_side(scores))))


def _walked(sample: Sample, span: Span, directions: Directions | None) -> tuple[Tensor, Tensor | None]:
    """Maps after what looks alike has shared its relevance, and the deep features that told it."""
    relevance = span.stretch(sample.maps)
    if directions is None or sample.features is None:
        return relevance, None
    deep = directions.components(sample.features)
    return walk(relevance, deep), deep


def _joined(rows: Sequence[Sequence[Sample]], planes: Sequence[Tensor]) -> Tensor:
    """Lay planes ``(K, h, w)`` of each sample side by side."""
    across = len(rows[0])
    lines = [torch.cat(list(planes[at : at + across]), 2) for at in range(0, len(planes), across)]
    return torch.cat(lines, 1)


def _planes(picture: NDArray[np.float32]) -> Tensor:
    """A picture ``(H, W, 3)`` as ``(3, H, W)``."""
    return torch.from_numpy(picture).permute(2, 0, 1)
