"""What strokes teach a classifier of pixels, and how far the machine is believed beside them.

The person is right. The machine's sure pixels teach too, since a few strokes say little about most of the
picture; but a category that strokes have proved wrong where it was sure is believed less, except for pixels
on which the classifier that came of it agrees. So a mistake in one place stays there, and one that is made
everywhere is dropped everywhere. docs/corrections.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import softmax

from napari_ovseg.single_image.neighbours import go_on
from napari_ovseg.single_image.ridge_logistic import RidgeLogistic, fit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# pixels of the machine that are drawn to teach, and by how much the best category of each must lead
SAMPLED, SURE = 3000, 0.6
# what all strokes weigh, each category alike, and what those pixels weigh
STROKES_WEIGH, MACHINE_WEIGHS = 30.0, 90.0
# pixels of one stroke, and of one category, that teach
MOST_OF_STROKE, MOST_OF_CATEGORY = 600, 3000
# strokes that it takes to lose all trust in a category, and what is left then
TO_DISPROVE, LEAST_TRUST = 3, 0.05
# trust in background where a name was painted that the machine has no map of: it could not say that name
UNKNOWN_TRUST = 0.05
# power of the classifier's probability that gives a pixel of the machine its weight back
AGREEMENT = 3
# power of its mean probability over all pixels of a category that gives the category trust back
REGAINED = 4
# the classifier counts in full after many strokes, by half after this many
HALF_TAUGHT = 1.0
MOST_LOGIT = 8.0


@dataclass(frozen=True)
class Strokes:
    """Pixels that a person painted: pieces of one category that hang together count as one stroke.

    Attributes
    ----------
    pixels, rows, strokes : np.ndarray
        ``(N,)``, int64: where (``row * w + column``), the row of the scores it was painted with, and which
        stroke, from 0 on.
    """

    pixels: Ints
    rows: Ints
    strokes: Ints

    @classmethod
    def of(cls, pixels: Ints, rows: Ints, size: tuple[int, int], order: Ints) -> Strokes:
        """Find the strokes; of large ones the pixels that come first in ``order`` are kept.

        Parameters
        ----------
        pixels, rows : np.ndarray
            ``(N,)``: all painted pixels, and their categories.
        size : tuple of int
            ``(h, w)``.
        order : np.ndarray
            ``(h * w,)``: the place of every pixel in a drawn order, which keeps an earlier stroke's pixels
            the same whatever is painted later.
        """
        pieces = np.zeros(len(pixels), np.int64)
        for row in np.unique(rows):
            painted = np.zeros(size, bool)
            painted.flat[pixels[rows == row]] = True
            marked, _ = ndimage.label(painted, np.ones((3, 3)))
            pieces[rows == row] = marked.ravel()[pixels[rows == row]] + pieces.max(initial=0)
        kept = _first(pieces, order[pixels], MOST_OF_STROKE)
        kept = kept[_first(rows[kept], order[pixels[kept]], MOST_OF_CATEGORY)]
        return cls(pixels[kept], rows[kept], np.unique(pieces[kept], return_inverse=True)[1])

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.strokes.max(initial=-1)) + 1

    def weights(self) -> Floats:
        """What each pixel weighs, ``(N,)``: every category the same in sum; one alone, half of all."""
        rows, counts = np.unique(self.rows, return_counts=True)
        each = STROKES_WEIGH / max(2, len(rows)) / counts
        return each[np.searchsorted(rows, self.rows)]


def _first(groups: Ints, order: Ints, most: int) -> Ints:
    """Places of the ``most`` of each group that come first, ascending."""
    sorted_ = np.lexsort((order, groups))
    starts = np.searchsorted(groups[sorted_], groups[sorted_])
    return np.sort(sorted_[np.arange(len(groups)) - starts < most])


def trust(chances: NDArray[np.floating], strokes: Strokes, known: NDArray[np.bool_]) -> Floats:
    """How far the machine is believed where it says each category.

    Parameters
    ----------
    chances : np.ndarray
        ``(K, N)``: how sure it was of each category at the painted pixels, background first.
    strokes : Strokes
    known : np.ndarray
        ``(K,)``: of which categories the machine has a map.

    Returns
    -------
    np.ndarray
        ``(K,)``, in [0, 1]: 1 until a stroke of another category lies where the machine was sure of this
        one. As many of them count as there are strokes of the category itself, since else nothing takes the
        machine's place, and no more than `TO_DISPROVE`. Background is doubted only for names that the machine
        could not say: what it missed of others is where a person paints, however good it is.
    """
    found = np.ones(len(chances))
    sizes = np.bincount(strokes.strokes, minlength=strokes.count)
    for row in range(1, len(chances)):
        others = strokes.rows != row
        sums = np.bincount(strokes.strokes, chances[row] * others, strokes.count)
        counted = min(TO_DISPROVE, len(np.unique(strokes.strokes[~others])))
        wrong = np.sort(sums / np.maximum(sizes, 1))[::-1][:counted].sum() / TO_DISPROVE
        found[row] = max(LEAST_TRUST, (1 - min(1.0, 0.95 * wrong)) ** 2)
    if not known[strokes.rows].all():
        found[0] = UNKNOWN_TRUST
    return found


@dataclass(frozen=True)
class Taught:
    """What the classifier of one picture says after some strokes.

    Attributes
    ----------
    logits : np.ndarray
        ``(K, h * w)``, float32, within `MOST_LOGIT`; less sure after few strokes.
    belief : np.ndarray
        ``(h * w,)``, float32 in [0, 1]: what the machine's own logits weigh beside them.
    """

    logits: NDArray[np.float32]
    belief: NDArray[np.float32]


class Teaching:
    """Teaches classifiers of the pixels of one picture.

    Parameters
    ----------
    features : np.ndarray
        ``(h, w, D)``, float32, from `pixel_features`.
    seed : int
        Of the pixels that are drawn to teach.
    """

    def __init__(self, features: NDArray[np.float32], *, seed: int = 0) -> None:
        self.size = (features.shape[0], features.shape[1])
        self._features = features.reshape(-1, features.shape[2])
        drawn = np.random.default_rng(seed).permutation(len(self._features))
        self._sample = drawn[:SAMPLED]
        self._order = np.empty_like(drawn)
        self._order[drawn] = np.arange(len(drawn))

    def __call__(
        self,
        scores: NDArray[np.float32],
        best: Ints,
        known: NDArray[np.bool_],
        pixels: Ints,
        rows: Ints,
        check: Callable[[], None] = go_on,
    ) -> Taught | None:
        """Teach a classifier.

        Parameters
        ----------
        scores : np.ndarray
            ``(K, h * w)``, float32: the machine's, background first; zero for a name it has no map of.
        best : np.ndarray
            ``(h * w,)``: the row that leads after `Evidence`; pixels that it took from the machine don't
            teach.
        known : np.ndarray
            ``(K,)``, bool: of which it has one; background counts as known.
        pixels, rows : np.ndarray
            ``(N,)``: the painted pixels, and the row of the scores each was painted with.
        check : callable, optional
            Called between the steps; may raise to stop.

        Returns
        -------
        Taught or None
            None where there is but one category to learn.
        """
        strokes = Strokes.of(pixels, rows, self.size, self._order)
        taught = np.unique(strokes.rows)
        sure = _sure(scores, self._sample)
        sure = sure[scores[:, sure].argmax(0) == best[sure]]
        said = best[sure]
        present = np.union1d(taught, said)
        if len(present) < 2:
            return None
        fitted, trusted = self._fit(scores, strokes, sure, said, present, known, check)
        check()
        return self._asked(fitted, present, scores, trusted, known, strokes)

    def _fit(
        self,
        scores: NDArray[np.float32],
        strokes: Strokes,
        sure: Ints,
        said: Ints,
        present: Ints,
        known: NDArray[np.bool_],
        check: Callable[[], None],
    ) -> tuple[RidgeLogistic, Floats]:
        """Fit twice: the first one says which of the machine's pixels fit in with the strokes.

        Trust comes back with it: a category most of which fits in is believed again.
        """
        features = self._features[np.concatenate([strokes.pixels, sure])]
        by_hand, share = strokes.weights(), MACHINE_WEIGHS / max(1, len(sure))
        everyone = np.eye(len(present))
        column = np.searchsorted(present, said)
        painted, targets = everyone[np.searchsorted(present, strokes.rows)], everyone[column]

        def fitted(weights: Floats, targets: Floats) -> RidgeLogistic:
            check()
            return fit(features, np.vstack([painted, targets]), np.concatenate([by_hand, weights]))

        trusted = trust(scores[:, strokes.pixels], strokes, known)
        first = fitted(share * trusted[said], targets)
        if not len(sure):
            return first, trusted
        chances = softmax(first.logits(features[len(strokes.pixels) :]).astype(np.float64), axis=1)
        agreed = chances[np.arange(len(sure)), column]
        trusted = _regained(trusted, said, agreed)
        weights = share * (trusted[said] + (1 - trusted[said]) * agreed**AGREEMENT)
        unsaid = ~known[present]
        if unsaid.any():
            targets, weights = _opened(targets, weights, chances, unsaid, share)
        return fitted(weights, targets), trusted

    def _asked(
        self,
        fitted: RidgeLogistic,
        present: Ints,
        scores: NDArray[np.float32],
        trusted: Floats,
        known: NDArray[np.bool_],
        strokes: Strokes,
    ) -> Taught:
        logits = np.full(scores.shape, -MOST_LOGIT, np.float32)
        logits[present] = fitted.logits(self._features).T.clip(-MOST_LOGIT, MOST_LOGIT)
        said = scores.argmax(0)
        chances = softmax(logits, axis=0)
        chance = np.take_along_axis(chances, said[None], 0)[0]
        believed = trusted[said]
        belief = np.sqrt(believed + (1 - believed) * chance**AGREEMENT)
        if not known[strokes.rows].all():
            belief[said == 0] = np.sqrt(trusted[0])
        return Taught(strokes.count / (strokes.count + HALF_TAUGHT) * logits, belief.astype(np.float32))


def _sure(scores: NDArray[np.float32], pixels: Ints) -> Ints:
    """Which of these pixels have a category that leads clearly in scores ``(K, h * w)``."""
    best = np.sort(scores[:, pixels], axis=0)
    return pixels[best[-1] - best[-2] > SURE] if len(best) > 1 else pixels


def _regained(trusted: Floats, said: Ints, agreed: Floats) -> Floats:
    """Trust in each name, raised by how far the classifier agrees with what the machine says of it."""
    counts = np.maximum(np.bincount(said, minlength=len(trusted)), 1)
    shares = np.bincount(said, agreed, len(trusted)) / counts
    # of what the machine could not say, its background tells nothing
    shares[0] = 0
    return trusted + (1 - trusted) * shares**REGAINED


def _opened(
    targets: Floats, weights: Floats, chances: Floats, unsaid: NDArray[np.bool_], share: float
) -> tuple[Floats, Floats]:
    """Background of the machine taken as 'none that it knows': any of the names that it could not say, too.

    Among those the classifier's own opinion is kept; where the machine knows no name at all it teaches next
    to nothing.
    """
    ground = targets[:, 0] == 1
    if unsaid[1:].all():
        return targets, np.full_like(weights, UNKNOWN_TRUST * share)
    opened = unsaid.copy()
    opened[0] = True
    among = chances * opened
    targets = np.where(ground[:, None], among / among.sum(1, keepdims=True), targets)
    return targets, np.where(ground, share, weights)
