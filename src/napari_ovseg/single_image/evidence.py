"""What human pixels say about the rest of the picture: what looks like them, and what is connected to them.

Regression with a Gaussian process (Rasmussen & Williams, 2006, section 2.2): its mean is what the machine
thought, its observations are the human pixels, so one that only confirms changes nothing, and one that
contradicts changes all that is akin. In closed form: one small linear system.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.single_image.head import appearance
from napari_ovseg.single_image.neighbours import average, go_on, likeness
from napari_ovseg.single_image.superpixels import Superpixels

# docs/corrections.md has the measurements
EVIDENCE_SIDE = 144
MOST_OBSERVED = 256
# one in sum
LOOKS, CONNECTION = 0.75, 0.25
# of colour at three blurs (noise is in the first, what is around in the last) and of texture at two
APPEARANCE_LENGTHS = [1.4] * 3 + [0.7] * 3 + [1.4] * 5
DEEP_LENGTH = 0.5
NOISE = 0.7
# by how many nats the true category is to lead: where only an outline was off, and where all was wrong
LEAST_LEAD, MOST_LEAD = 1.0, 4.6
# all is wrong this far from where the machine saw the category, a share of the long side
ALL_WRONG = 0.03
DILATIONS = (1, 2, 4, 8)
ROUNDS = 6
# once more strokes than this are all of one kind, each further one lets so many sure cells of every other
# category count: those of this lead, and not so much like a stroke
ONE_KIND_AT_LEAST, UNPAINTED, SURE, LIKE = 3, 4, 0.6, 0.5


class Evidence:
    """Kernel over the cells of a picture: alike in deep features and appearance, or connected.

    Parameters
    ----------
    picture : np.ndarray
        ``(h, w, 3)``, float32 in [0, 1], of `EVIDENCE_SIDE` at most.
    deep : torch.Tensor or None
        ``(D, gh, gw)``.
    seed : int
        Of the choice of cells where a person painted more than can be solved for.
    check : callable, optional
        Called between the steps; may raise to stop.
    """

    def __init__(
        self,
        picture: np.ndarray,
        deep: torch.Tensor | None,
        *,
        seed: int = 0,
        check: Callable[[], None] = go_on,
    ) -> None:
        self.grid, self._seed = (picture.shape[0], picture.shape[1]), seed
        colours = torch.from_numpy(picture).permute(2, 0, 1)
        # place has no part in looks
        looks, unit = [appearance(picture)[:-2] / torch.tensor(APPEARANCE_LENGTHS)[:, None, None]], None
        if deep is not None:
            unit = F.normalize(F.interpolate(deep[None], self.grid, mode="bilinear")[0], dim=0)
            looks.append(unit / DEEP_LENGTH)
        self._looks = torch.cat(looks).flatten(1).T.contiguous()
        self._half_squares = self._looks.square().sum(1) / 2
        check()
        superpixels = Superpixels(picture)
        check()
        self._superpixel = superpixels.labels
        self._connection = superpixels.connection(colours, unit)
        check()
        self._neighbours = likeness(colours, DILATIONS)

    def __call__(
        self, prior: torch.Tensor, cells: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> torch.Tensor:
        """Change of the scores of every cell.

        Parameters
        ----------
        prior : torch.Tensor
            ``(K, h, w)``: log-scores of the machine.
        cells : np.ndarray
            ``(N,)``: cells a person painted, ``row * w + column``.
        rows : np.ndarray
            ``(N,)``: the row of ``prior`` that each was painted with.

        Returns
        -------
        torch.Tensor
            ``(K, h, w)``, to be added to ``prior``.
        """
        chosen = self._chosen(rows)
        cells, rows = self._with_unpainted(prior, cells[chosen], rows[chosen])
        lead = self._lead_wanted(prior, cells, rows)
        at = torch.from_numpy(cells)
        wanted = surprise(prior.flatten(1).T[at], torch.from_numpy(rows), lead)
        alike = LOOKS * self._alike(at)
        part = self._superpixel[at]
        connected = CONNECTION * self._connection[part]
        among = alike[:, at] + connected[:, part] + NOISE**2 * torch.eye(len(at))
        strength = torch.linalg.solve(among, wanted).T
        change = strength @ alike + (strength @ connected)[:, self._superpixel]
        return average(change.unflatten(1, self.grid), self._neighbours, rounds=ROUNDS, dilations=DILATIONS)

    def _chosen(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """At most `MOST_OBSERVED` of the painted cells, no category with more than its part."""
        if len(rows) <= MOST_OBSERVED:
            return np.arange(len(rows))
        draw = np.random.default_rng(self._seed)
        categories = np.unique(rows)
        room = max(1, MOST_OBSERVED // len(categories))
        parts = [np.flatnonzero(rows == one) for one in categories]
        return np.sort(np.concatenate([p if len(p) <= room else draw.choice(p, room, False) for p in parts]))

    def _with_unpainted(
        self, prior: torch.Tensor, cells: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where all strokes are of one kind, some sure cells of the others too, as if they were painted.

        A person who paints only one kind, again and again, has nothing against the others. Cells that look
        like the strokes are none of them.
        """
        painted = np.zeros(self.grid, bool)
        painted.flat[cells] = True
        most = UNPAINTED * (ndimage.label(painted, np.ones((3, 3)))[1] - ONE_KIND_AT_LEAST)
        if most <= 0 or len(np.unique(rows)) > 1 or len(prior) == 1:
            return cells, rows
        chances = prior.softmax(0).flatten(1).numpy()
        best = chances.argmax(0)
        first, second = np.sort(chances, axis=0)[[-1, -2]]
        lead = first - second
        unlike = self._alike(torch.from_numpy(cells)).amax(0).numpy() < LIKE
        drawn = np.random.default_rng(self._seed).permutation(best.size)
        sure = drawn[((lead > SURE) & unlike)[drawn]]
        added = [sure[best[sure] == row][:most] for row in range(len(chances)) if row != rows[0]]
        others = [np.full(len(some), best[some[0]]) for some in added if len(some)]
        return np.concatenate([cells, *added]), np.concatenate([rows, *others])

    def _lead_wanted(
        self, prior: torch.Tensor, cells: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> torch.Tensor:
        """Lead each painted cell is to have, ``(N,)``: the more, the farther the machine was off."""
        best = prior.argmax(0).numpy()
        wrong = np.ones(len(cells), np.float32)
        for row in np.unique(rows):
            if (best == row).any():
                away = ndimage.distance_transform_edt(best != row).ravel()[cells[rows == row]]
                wrong[rows == row] = np.clip(away / (ALL_WRONG * max(self.grid)), 0, 1)
        return torch.from_numpy(LEAST_LEAD + (MOST_LEAD - LEAST_LEAD) * wrong)

    def _alike(self, at: torch.Tensor) -> torch.Tensor:
        """``(N, cells)``: 1 for the same looks, towards 0 for others."""
        product = torch.addmm(self._half_squares[None], self._looks[at], self._looks.T, beta=-1)
        return product.sub_(self._half_squares[at][:, None]).clamp_(max=0).exp_()


def surprise(prior: torch.Tensor, rows: torch.Tensor, lead: torch.Tensor) -> torch.Tensor:
    """Least change of log-scores after which the true category leads, half by raising it, half by the others.

    Parameters
    ----------
    prior : torch.Tensor
        ``(N, K)``: log-scores.
    rows : torch.Tensor
        ``(N,)``: the true categories.
    lead : torch.Tensor
        ``(N,)``: the lead over each other category, in nats.

    Returns
    -------
    torch.Tensor
        ``(N, K)``.
    """
    own = rows[:, None]
    missing = (prior - prior.gather(1, own) + lead[:, None]).clamp_min(0).scatter(1, own, 0)
    return (-missing / 2).scatter(1, own, missing.amax(1, keepdim=True) / 2)
