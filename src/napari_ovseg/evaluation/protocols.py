"""Which names the model is given for a picture, and which class each id of its masks then is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Category
from napari_ovseg.evaluation.datasets import VOID, Dataset
from napari_ovseg.evaluation.truth import classes_in

Protocol = Literal["known-labels", "vocabulary"]


@dataclass(frozen=True)
class Asked:
    """What the model is asked for.

    Attributes
    ----------
    categories : tuple of Category
        To find, with the background words, if any, last.
    classes : np.ndarray
        ``(n + 1,)``, int32: the class of each id of the masks, id 0 first.
    known : bool
        Whether the names are known to be in the picture.
    """

    categories: tuple[Category, ...]
    classes: NDArray[np.int32]
    known: bool


def asked(dataset: Dataset, truth: NDArray[np.int32], protocol: Protocol) -> Asked | None:
    """Choose the names for a picture; None where there is no name to ask for.

    Parameters
    ----------
    dataset : Dataset
    truth : np.ndarray
        ``(H, W)``, class numbers.
    protocol : {"known-labels", "vocabulary"}
        The classes of this picture's truth, as somebody who looks at it would type them, or all classes of
        the dataset. Background is always possible where the dataset has one.
    """
    first = int(dataset.has_background)
    every = range(first, len(dataset.names))
    wanted = [k for k in classes_in(truth) if k >= first] if protocol == "known-labels" else list(every)
    if not wanted:
        return None
    names = tuple(dataset.categories[k - first] for k in wanted)
    words = (dataset.background,) if dataset.background else ()
    return Asked(
        names + words, np.array([0 if first else VOID, *wanted], np.int32), protocol == "known-labels"
    )
