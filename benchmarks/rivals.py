"""What an update is measured against: painting alone, the random walker, and a random forest of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import multiscale_basic_features
from skimage.segmentation import random_walker
from skimage.transform import resize
from sklearn.ensemble import RandomForestClassifier

VOID = 255
Labels = NDArray[np.integer]
WALKED = 256  # long side at which the walker works
# pixels of the machine that are drawn to teach the forest, and by how much each must lead
SAMPLED, SURE = 3000, 0.6


def paint_only(base: Labels, human: Labels) -> Labels:
    """The machine's masks with the strokes on them; nothing is learnt."""
    return np.where(human != VOID, human, base)


class RandomWalker:
    """The random walker (Grady, PAMI 2006) from strokes and the machine's confident pixels.

    Parameters
    ----------
    picture, base, confidence : np.ndarray
        ``(H, W, 3)`` uint8, and the machine's masks and leads ``(H, W)``.
    beta : float
        How much an edge of the picture hinders the walker.
    trust : float
        The machine's pixels above this lead are seeds.
    clear : float
        Machine seeds of another category than a stroke are dropped this near to it, a share of the long side;
        without this a confident mistake could be corrected no further than it is painted.
    machine : bool
        Whether to use the machine's pixels; if not, the machine's masks stand until every category of the
        picture has a stroke.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        base: Labels,
        confidence: NDArray[np.float32],
        *,
        beta: float,
        trust: float,
        clear: float,
        machine: bool = True,
        categories: int = 0,
    ) -> None:
        self.base, self.machine, self.beta, self.clear = base, machine, beta, clear
        self.categories = categories
        shrink = min(1.0, WALKED / max(base.shape))
        self.small = tuple(max(2, round(side * shrink)) for side in base.shape)
        self.picture = resize(picture, self.small, anti_aliasing=True)
        self.seeds = np.where(self._cells(confidence) >= trust, self._cells(base).astype(int), -1)

    def _cells(self, full: NDArray[np.generic]) -> NDArray[np.generic]:
        rows, columns = (
            ((np.arange(new) + 0.5) * old / new).astype(int)
            for new, old in zip(self.small, full.shape, strict=True)
        )
        return full[rows][:, columns]

    def update(self, human: Labels) -> Labels:
        """Masks after the strokes in ``human`` (void where nobody painted)."""
        rows, columns = np.nonzero(human != VOID)
        strokes = np.full(self.small, -1)
        strokes[rows * self.small[0] // human.shape[0], columns * self.small[1] // human.shape[1]] = human[
            rows, columns
        ]
        if not self.machine and len(np.unique(human[rows, columns])) < self.categories:
            return paint_only(self.base, human)
        seeds = self.seeds.copy() if self.machine else np.full(self.small, -1)
        for category in np.unique(strokes[strokes >= 0]):
            away = ndimage.distance_transform_edt(strokes != category)
            seeds[(away <= self.clear * max(self.small)) & (seeds != category)] = -1
        seeds[strokes >= 0] = strokes[strokes >= 0]
        ids = np.unique(seeds[seeds >= 0])
        if len(ids) < 2 or (seeds >= 0).all():
            return paint_only(self.base, human)
        labels = np.where(seeds < 0, 0, np.searchsorted(ids, seeds) + 1)
        shares = random_walker(
            self.picture,
            labels,
            beta=self.beta,
            mode="cg_j",
            tol=1e-3,
            return_full_prob=True,
            channel_axis=-1,
        )
        full = np.stack([resize(share, human.shape, order=1) for share in shares])
        return paint_only(ids[full.argmax(0)].astype(human.dtype), human)


class RandomForest:
    """A random forest that learns pixels from the strokes, as ilastik (Nature Methods 2019) does.

    Features are those of ``multiscale_basic_features``; both are as they come, but for a fixed seed.

    Parameters
    ----------
    picture, base : np.ndarray
        ``(H, W, 3)`` uint8, and the machine's masks ``(H, W)``, which stand until there are two categories.
    confidence : np.ndarray, optional
        The machine's leads ``(H, W)``: some of its sure pixels teach too. Without it strokes alone do.
    """

    def __init__(
        self, picture: NDArray[np.uint8], base: Labels, confidence: NDArray[np.float32] | None = None
    ) -> None:
        self.base = base
        self.features = multiscale_basic_features(picture, channel_axis=-1)
        drawn = np.random.default_rng(0).permutation(base.size)[:SAMPLED]
        sure = drawn[confidence.flat[drawn] > SURE] if confidence is not None else drawn[:0]
        self.taught = np.full(base.shape, VOID, np.uint8)
        self.taught.flat[sure] = base.flat[sure]

    def update(self, human: Labels) -> Labels:
        """Masks after the strokes in ``human`` (void where nobody painted)."""
        labels = np.where(human != VOID, human, self.taught)
        teaches = labels != VOID
        if len(np.unique(labels[teaches])) < 2:
            return paint_only(self.base, human)
        forest = RandomForestClassifier(random_state=0, n_jobs=1)
        forest.fit(self.features[teaches], labels[teaches])
        found = forest.predict(self.features.reshape(-1, self.features.shape[-1]))
        return paint_only(found.reshape(human.shape).astype(human.dtype), human)
