"""The turns of learning one picture: from its rough maps, then from what was made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from napari_ovseg.segmentation import ANCHOR, checking
from napari_ovseg.single_image.contrast import background_weights
from napari_ovseg.single_image.edges import EDGE_SIDE, sharpen
from napari_ovseg.single_image.head import SingleImageHead, Standard, anchor, appearance, predict, told_apart
from napari_ovseg.single_image.head import train as train_head
from napari_ovseg.views.window import Window

# the per-image network works at this long side at most, unless the rough maps are finer than this
WORK_SIDE, OF_MAPS = 512, 384
# the second network learns from what the first made of the maps; both have a say
TURNS = 2


@dataclass(frozen=True)
class Learnt:
    """What was learnt of one picture; it can be asked about any window of it, at any time.

    Attributes
    ----------
    heads : tuple of SingleImageHead
        One of each turn; all have a say.
    scores : torch.Tensor
        ``(K, h, w)``: the rough maps that they learnt from.
    deep : torch.Tensor or None
        ``(D, gh, gw)``: the deep features of the whole picture.
    weights : torch.Tensor
        ``(P, 1, 1)``: how strong background is in this picture.
    everywhere : torch.Tensor
        ``(K, H, W)``, float32, sums to one: the answers in all of the picture, which training has to know.
    anchored : float
        How strongly the answers are held to the maps.
    """

    heads: tuple[SingleImageHead, ...]
    scores: torch.Tensor
    deep: torch.Tensor | None
    weights: torch.Tensor
    everywhere: torch.Tensor
    anchored: float

    def predict(self, shallow: torch.Tensor, window: Window) -> torch.Tensor:
        """Answer in a window of the picture as `everywhere` does.

        Parameters
        ----------
        shallow : torch.Tensor
            ``(A, rows, columns)``: the `appearance` of the picture, in the window.
        window : Window

        Returns
        -------
        torch.Tensor
            ``(K, rows, columns)``, float32, sums to one.
        """
        possible = _possible(self.scores)
        answers = [predict(head, shallow, self.deep, window) for head in self.heads]
        together = _together(answers, self.scores[possible], window, self.anchored)
        return _of_all(_weighed(together, self.weights), possible)

    def answer(
        self,
        shallow: torch.Tensor,
        scores: torch.Tensor,
        deep: torch.Tensor | None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> torch.Tensor:
        """Answer in a part of a picture of which only samples were learnt, where maps are known too.

        Parameters
        ----------
        shallow : torch.Tensor
            ``(A, rows, columns)``: the `appearance` of the part, by the `Standard` of the samples.
        scores, deep : torch.Tensor
            As for `train`, of this part.
        check : callable, optional
            Called now and then; may raise to stop.

        Returns
        -------
        torch.Tensor
            ``(K, rows, columns)``, float32, sums to one.
        """
        possible, whole = _possible(self.scores), Window.whole((shallow.shape[1], shallow.shape[2]))
        answers = [predict(head, shallow, deep, whole, check=check) for head in self.heads]
        apart = told_apart(self.scores[possible])
        together = _together(answers, scores[possible], whole, self.anchored, apart=apart)
        return _of_all(_weighed(together, self.weights), possible)


def train(
    picture: np.ndarray,
    scores: torch.Tensor,
    deep: torch.Tensor | None,
    *,
    seed: int = 0,
    anchored: float = ANCHOR,
    standard: Standard | None = None,
    step_done: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Learnt:
    """Distil rough scores twice; `sharpen_finely` gives the scores of the masks from what is learnt.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1], of `work_side` at most.
    scores : torch.Tensor
        ``(K, h, w)``, the rough maps as a share of each category, background first. A category with no
        score anywhere gets none.
    deep : torch.Tensor or None
        ``(D, gh, gw)``, as for `head.train`.
    anchored : float
        How strongly the answers are held to the maps: the weight of `head.anchor`.
    standard : Standard, optional
        Where the picture is samples of a larger one, as for `appearance`.
    seed, step_done, should_stop
        As for `head.train`.

    Raises
    ------
    Cancelled
        When ``should_stop`` turns true.
    """
    check, possible = checking(should_stop), _possible(scores)
    sought, whole = scores[possible], Window.whole((picture.shape[0], picture.shape[1]))
    shallow, guide = appearance(picture, standard), torch.from_numpy(picture).permute(2, 0, 1)
    rough, heads, answers = sought, [], []
    side = max(EDGE_SIDE, *scores.shape[1:])
    for turn in range(TURNS):
        heads.append(
            train_head(shallow, rough, deep, seed=seed + turn, step_done=step_done, should_stop=should_stop)
        )
        answers.append(predict(heads[-1], shallow, deep, whole, check=check))
        if turn + 1 < TURNS:
            rough = sharpen(anchor(answers[-1], sought, whole, anchored), guide, side=side, on_round=check)
    together = _together(answers, sought, whole, anchored)
    weights = background_weights(together, guide, side=side, on_round=check)
    everywhere = _of_all(_weighed(together, weights), possible)
    return Learnt(tuple(heads), scores, deep, weights, everywhere, anchored)


def work_side(scores: torch.Tensor) -> int:
    """Side of a picture to train at, for rough maps ``(K, h, w)``: larger where these are fine.

    A picture that was looked at in many windows has fine maps. At `WORK_SIDE` pixels its things would be a
    few pixels wide.
    """
    return round(WORK_SIDE * max(1.0, max(scores.shape[1:]) / OF_MAPS))


def _possible(scores: torch.Tensor) -> torch.Tensor:
    """Which of the maps ``(K, h, w)`` have any score, ``(K,)`` bool."""
    return scores.flatten(1).amax(1) > 0


def _together(
    answers: list[torch.Tensor],
    scores: torch.Tensor,
    window: Window,
    anchored: float,
    *,
    apart: float | None = None,
) -> torch.Tensor:
    """What the heads of all turns say in a window, held to the maps."""
    logs = [answer.clamp_min(1e-4).log() for answer in answers]
    return anchor((sum(logs[1:], logs[0]) / len(logs)).softmax(0), scores, window, anchored, apart=apart)


def _weighed(scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    weighed = scores * weights
    return weighed / weighed.sum(0)


def _of_all(scores: torch.Tensor, possible: torch.Tensor) -> torch.Tensor:
    """Scores of all categories ``(K, h, w)``, from those that are possible."""
    if possible.all():
        return scores
    found = torch.zeros(len(possible), *scores.shape[1:])
    found[possible] = scores
    return found
