"""An update after corrections: the machine's scores of one picture, changed by what a person painted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.categories import Labels
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import State, checking
from napari_ovseg.single_image import constraints
from napari_ovseg.single_image.edges import sharpen_finely
from napari_ovseg.single_image.evidence import EVIDENCE_SIDE, Evidence
from napari_ovseg.single_image.pixel_features import pixel_features
from napari_ovseg.single_image.reach import standing
from napari_ovseg.single_image.teaching import Teaching
from napari_ovseg.single_image.turns import train, work_side
from napari_ovseg.views.rendering import Rendering
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureInMemory, PictureSource, reduce

# the machine is never surer than this against a person; the score of a category without a map
FLOOR = 0.01
# the long side at which pixels are told apart: as fine as the maps ask for, and as memory allows
MOST_FEATURES_SIDE = 1024
# docs/corrections.md has the measurements: what the machine's logits weigh beside the classifier's where it
# is believed in full, and a blur of both, in pixels
MACHINE, BLUR = 1.25, 0.5


@dataclass(frozen=True)
class Updated:
    """What an update gives.

    Attributes
    ----------
    masks : np.ndarray
        ``(H, W)``, the dtype of the masks that came in.
    confidence : np.ndarray
        ``(H, W)``, float32 in [0, 1]; 1 where a person painted and where the category is locked.
    """

    masks: Labels
    confidence: NDArray[np.float32]


class SingleImage:
    """One picture, ready for updates: holds all that does not depend on corrections.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    state : State
        Of the run on this picture.
    seed : int
        The seed of that run.
    guide : Rendering, optional
        How that run showed the picture to the steps that follow its edges; by default as it is.
    edges : torch.Tensor, optional
        ``(K + 1, h, w)``: the scores after the last stage of that run, which else is gone through again.
    step_done : callable, optional
        Called after each of the ``TURNS * STEPS`` training steps.
    should_stop : callable, optional
        Asked before every training step, and between the others.

    Raises
    ------
    Cancelled
        When ``should_stop`` turns true.
    """

    def __init__(
        self,
        picture: np.ndarray,
        state: State,
        *,
        seed: int = 0,
        guide: Rendering | None = None,
        edges: torch.Tensor | None = None,
        step_done: Callable[[], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        check = checking(should_stop)
        self.size = (picture.shape[0], picture.shape[1])
        scores = torch.from_numpy(state.scores)
        deep = None if state.features is None else torch.from_numpy(state.features)
        there = scores.flatten(1).amax(1) > 0
        self._ids = [0, *state.ids]
        self._there = there.tolist()
        self._scores = scores
        # the machine's own masks and leads, without the ids that were locked when they were asked for
        self._start: tuple[set[int], Labels, NDArray[np.float32]] | None = None
        if edges is not None:
            self._scores = edges
        elif there[1:].any():
            source: PictureSource = PictureInMemory(picture)
            small = (source if guide is None else Shown(source, guide)).read(side=work_side(scores))
            learnt = train(
                small,
                scores,
                deep,
                seed=seed,
                anchored=state.anchor,
                step_done=step_done,
                should_stop=should_stop,
            )
            self._scores = sharpen_finely(
                learnt.everywhere, torch.from_numpy(small).permute(2, 0, 1), on_round=check
            )
        check()
        self._evidence = Evidence(reduce(picture, EVIDENCE_SIDE), deep, seed=seed, check=check)
        fine = reduce(picture, min(MOST_FEATURES_SIDE, work_side(scores)))
        self._teaching = Teaching(pixel_features(fine, check=check), seed=seed)

    def update(
        self,
        masks: Labels,
        human: Labels,
        *,
        locked: Collection[int] = (),
        should_stop: Callable[[], bool] | None = None,
    ) -> Updated:
        """Learn from human pixels, everywhere in the picture, and keep them.

        Parameters
        ----------
        masks : np.ndarray
            ``(H, W)``, uint8 or uint16: the masks as they are; only its locked pixels matter.
        human : np.ndarray
            ``(H, W)``, same dtype: the id where a person painted (0 means background), void (255 or 65535,
            by dtype) where nobody did. An id that no map is of is learnt from its pixels alone.
        locked : collection of int
            Ids that no pixel loses or gains, but for those that a person painted.
        should_stop : callable, optional
            Asked between the steps.

        Returns
        -------
        Updated
            The same for the same human pixels, whatever was painted and undone between.

        Raises
        ------
        InputError
            When shapes or dtypes don't fit.
        Cancelled
            When ``should_stop`` turns true.
        """
        check = checking(should_stop)
        void = constraints.check(masks, human, self.size)
        # a dab that is lost among others on the coarse grid still teaches on the fine one
        cells, of_cells = constraints.painted_cells(human, void, self._evidence.grid)
        pixels, of_pixels = constraints.painted_cells(human, void, self._teaching.size)
        check()
        ids, scores = self._rows(np.union1d(of_cells, of_pixels))
        logits = scores.clamp_min(FLOOR).log()
        if len(cells):
            prior = F.interpolate(scores[None], self._evidence.grid, mode="area")[0].clamp_min(FLOOR).log()
            change = self._evidence(prior, cells, _places(of_cells, ids))
            check()
            logits = logits + F.interpolate(change[None], logits.shape[1:], mode="bilinear")[0]
            logits = self._taught(logits, scores, pixels, _places(of_pixels, ids), check)
        found, confidence = self._free(logits, ids, masks, locked)
        check()
        if len(pixels):
            self._hold_back(found, confidence, masks, human, void, locked)
        confidence[constraints.hold(found, masks, human, void, locked)] = 1
        return Updated(found, confidence)

    def _taught(
        self,
        logits: torch.Tensor,
        scores: torch.Tensor,
        pixels: NDArray[np.int64],
        rows: NDArray[np.int64],
        check: Callable[[], None],
    ) -> torch.Tensor:
        """Mix what a classifier learns from painted pixels with logits ``(K, h, w)`` of the machine."""
        size = self._teaching.size
        known = (scores.flatten(1).amax(1) > 0).numpy()
        known[0] = True
        shown, evident = (
            F.interpolate(maps[None], size, mode="bilinear")[0].flatten(1).numpy()
            for maps in (scores, logits)
        )
        found = self._teaching(shown, evident.argmax(0), known, pixels, rows, check)
        if found is None:
            return logits
        mixed = (found.logits + MACHINE * found.belief * evident).reshape(-1, *size)
        check()
        blurred = torch.from_numpy(ndimage.gaussian_filter(mixed, (0, BLUR, BLUR)))
        if max(logits.shape[1:]) <= max(size):
            return blurred
        # what the classifier changed, on the finer grid that the machine's outlines are on
        change = blurred - torch.from_numpy(evident).unflatten(1, size)
        return logits + F.interpolate(change[None], logits.shape[1:], mode="bilinear")[0]

    def _hold_back(
        self,
        found: Labels,
        confidence: NDArray[np.float32],
        masks: Labels,
        human: Labels,
        void: int,
        locked: Collection[int],
    ) -> None:
        """Give pixels that strokes don't reach back to the machine, in place."""
        ids, scores = self._rows(np.zeros(0, np.int64))
        painted = set(np.unique(human).tolist()) - {void}
        if set(ids.tolist()) <= painted | set(locked):
            return
        if self._start is None or self._start[0] != set(locked):
            self._start = set(locked), *self._free(scores.clamp_min(FLOOR).log(), ids, masks, locked)
        _, start, lead = self._start
        back = ~standing(found, start, lead, human, void, painted - set(ids.tolist()))
        found[back], confidence[back] = start[back], lead[back]

    def _rows(self, painted: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
        """The ids that compete, background first, and the scores of each."""
        by_hand = set(painted.tolist())
        known = [i for i, one in enumerate(self._ids) if self._there[i] or one in by_hand]
        added = sorted(by_hand - set(self._ids))
        scores = self._scores[known]
        scores = torch.cat([scores, torch.zeros(len(added), *scores.shape[1:])])
        return np.array([*(self._ids[i] for i in known), *added]), scores

    def _free(
        self, logits: torch.Tensor, ids: np.ndarray, masks: Labels, locked: Collection[int]
    ) -> tuple[Labels, NDArray[np.float32]]:
        """Best of the ids that are not locked, ``(H, W)``, and its lead."""
        free = ~np.isin(ids, list(locked))
        if not free.any():
            return masks.copy(), np.ones(self.size, np.float32)
        scores = logits[torch.from_numpy(free)].softmax(0)
        if len(scores) == 1:
            scores = torch.cat([scores, torch.zeros_like(scores)])
        best, lead = paint(scores, self.size)
        return ids[free].astype(masks.dtype)[best], lead


def _places(painted: NDArray[np.int64], ids: np.ndarray) -> NDArray[np.int64]:
    """Where each painted id stands among ``ids``."""
    order = np.argsort(ids)
    return order[np.searchsorted(ids, painted, sorter=order)]
