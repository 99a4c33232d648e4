"""Intersection over union, of areas and of boundaries, counted per class so that pictures can be added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Cheng et al., "Boundary IoU", CVPR 2021, section 4.2: the width of a boundary is 2 % of the diagonal
BOUNDARY_SHARE = 0.02
VOID = -1


@dataclass
class Counts:
    """Pixels per class.

    Attributes
    ----------
    of : dict of int to list of three int
        For each class that occurs: pixels that are right, that were painted, that are there in truth.
    """

    of: dict[int, list[int]] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Add the pixels of another picture."""
        for number, counted in other.of.items():
            self.of[number] = [a + b for a, b in zip(self.of.get(number, (0, 0, 0)), counted, strict=True)]

    def iou(self) -> dict[int, float]:
        """IoU, in [0, 1], of each class that is there or was painted, by its number."""
        return {
            number: right / (painted + there - right) for number, (right, painted, there) in self.of.items()
        }

    def mean_iou(self) -> float | None:
        """Mean of `iou`, in [0, 1], or None where no pixel counts."""
        values = list(self.iou().values())
        return float(np.mean(values)) if values else None

    def accuracy(self) -> float | None:
        """Share of the pixels that are right, in [0, 1], or None where none counts."""
        there = sum(counted[2] for counted in self.of.values())
        return sum(counted[0] for counted in self.of.values()) / there if there else None


def count(truth: NDArray[np.int32], found: NDArray[np.int32]) -> Counts:
    """Count areas.

    Parameters
    ----------
    truth : np.ndarray
        ``(H, W)``, class numbers from 0 up; -1 where it doesn't count, whatever is found there.
    found : np.ndarray
        ``(H, W)``, class numbers from 0 up.

    Returns
    -------
    Counts
        In pixels.
    """
    seen = truth != VOID
    return _counts(truth[seen], found[seen])


def count_boundaries(truth: NDArray[np.int32], found: NDArray[np.int32]) -> Counts:
    """Count only what is near an outline of its own class, in truth and in what was found.

    A pixel is near when the outline of its class, or the border of the picture, is at most 2 % of the
    diagonal away (chessboard distance, as by eroding with 3 x 3 pixels again and again). What doesn't
    count is left out of both before outlines are drawn, so that masks without a fault score 1. After Cheng
    et al., "Boundary IoU", CVPR 2021.

    Parameters
    ----------
    truth, found : np.ndarray
        As in `count`.

    Returns
    -------
    Counts
        In pixels.
    """
    width = max(1, round(BOUNDARY_SHARE * float(np.hypot(*truth.shape))))
    seen = truth != VOID
    edge_of_truth = near_outline(truth, width)
    edge_of_found = near_outline(np.where(seen, found, VOID), width)
    counted = Counts()
    both = edge_of_truth & edge_of_found & (truth == found) & seen
    for column, picked in enumerate((found[both], found[edge_of_found & seen], truth[edge_of_truth & seen])):
        for number, pixels in _tally(picked):
            counted.of.setdefault(number, [0, 0, 0])[column] = pixels
    return counted


def near_outline(classes: NDArray[np.int32], width: int) -> NDArray[np.bool_]:
    """Pixels ``(H, W)`` with another class, or the outside of the picture, at most ``width`` away."""
    window = 2 * width + 1
    outside = int(classes.min()) - 1
    lowest = ndimage.minimum_filter(classes, window, mode="constant", cval=outside)
    highest = ndimage.maximum_filter(classes, window, mode="constant", cval=outside)
    return (lowest != classes) | (highest != classes)


def pooled(pictures: Iterable[Counts]) -> Counts:
    """Pixels of all pictures together."""
    total = Counts()
    for picture in pictures:
        total.add(picture)
    return total


def counts_from(stored: Mapping[str, list[int]]) -> Counts:
    """Read back what was written as JSON, whose keys are text."""
    return Counts({int(number): list(counted) for number, counted in stored.items()})


def _counts(truth: NDArray[np.int32], found: NDArray[np.int32]) -> Counts:
    counted = Counts()
    for column, picked in enumerate((found[truth == found], found, truth)):
        for number, pixels in _tally(picked):
            counted.of.setdefault(number, [0, 0, 0])[column] = pixels
    return counted


def _tally(classes: NDArray[np.int32]) -> Iterable[tuple[int, int]]:
    return zip(*(column.tolist() for column in np.unique(classes, return_counts=True)), strict=True)
