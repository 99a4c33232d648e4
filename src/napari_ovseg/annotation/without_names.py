"""Labels of a tool that gives them no names: how many ids there are, and the categories they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import labels_dtype

# more ids than this number things, as those of Cellpose do, and are one category
MOST_CATEGORIES = 20
_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class IdsFound:
    """How many ids labels hold, 0 not counted, and whether there may be more that were not looked for."""

    count: int
    more: bool = False

    @property
    def said(self) -> str:
        """Such as "412 ids", "over 57 ids" or "1 id"."""
        return f"{'over ' * self.more}{self.count} id{'s' * (self.count != 1)}"

    @property
    def number_things(self) -> bool:
        """Whether they are too many to be categories."""
        return self.count > MOST_CATEGORIES


def ids_found(labels: Any, should_stop: Callable[[], bool] = lambda: False) -> IdsFound:
    """Count ids, plane by plane until they are too many to be categories.

    Parameters
    ----------
    labels : array
        Numpy, dask, zarr and so on: ``(H, W)``, or a stack.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each plane.
    """
    found: set[int] = set()
    planes = [labels] if len(labels.shape) < 3 else labels
    for place, plane in enumerate(planes):
        if should_stop():
            break
        values = np.asarray(plane).ravel()
        # numpy keeps all other threads waiting until it has looked at a part
        for start in range(0, values.size, _AT_ONCE):
            found |= set(np.unique(values[start : start + _AT_ONCE]).tolist()) - {0}
        if len(found) > MOST_CATEGORIES:
            return IdsFound(len(found), place + 1 < len(planes))
    return IdsFound(len(found))


def as_categories(labels: NDArray[Any], *, one: bool) -> NDArray[np.unsignedinteger[Any]]:
    """Return labels whose ids are those of categories.

    Parameters
    ----------
    labels : np.ndarray
        Whole numbers of any kind, 0 where nothing is.
    one : bool
        Whether all become the category 1. Else each id is one: under its own number where all fit into 1 to
        254, or counted from 1, in their order.

    Raises
    ------
    InputError
        When there are more ids than categories can be.
    """
    if one:
        return (labels != 0).astype(np.uint8)
    ids = np.unique(labels)
    ids = ids[ids != 0]
    if not ids.size or (ids[0] > 0 and ids[-1] < 255):
        return labels.astype(np.uint8)
    counted = np.searchsorted(ids, labels) + 1
    return np.where(labels == 0, 0, counted).astype(labels_dtype(len(ids)))
