"""Masks that lie on a coarse level of a picture, in the pixels of the full one, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Annotation, SliceAnnotation
from napari_ovseg.pictures.limits import refuse_memory


def at_size(labels: NDArray[Any], sides: Sequence[int], name: str) -> NDArray[Any]:
    """Give each pixel of another level the label of the pixel that covers its centre.

    Parameters
    ----------
    labels : np.ndarray
        ``(h, w)``.
    sides : sequence of int
        Height and width of that level; factors need not be whole.
    name : str
        Of the picture, for an error.

    Returns
    -------
    np.ndarray
        ``(H, W)``; the labels themselves where they have that size.

    Raises
    ------
    InputError
        When there is no memory for it.
    """
    height, width = sides
    if labels.shape == (height, width):
        return labels
    refuse_memory(name, sides, height * width * labels.dtype.itemsize)
    rows, columns = (
        (np.arange(many) * 2 + 1) * few // (2 * many) for many, few in zip(sides, labels.shape, strict=True)
    )
    return labels[rows[:, None], columns]


def full_sides(annotation: Annotation, content: SliceAnnotation) -> tuple[int, int] | None:
    """Height and width of the picture that masks belong to; None where that isn't known, or does not fit.

    Parameters
    ----------
    annotation : Annotation
        Its picture's shape has all axes of the layer, colours too.
    content : SliceAnnotation
        Its record may tell which axes are rows and columns.
    """
    shape = annotation.picture.shape if annotation.picture is not None else ()
    reading = content.record.get("read")
    axes = reading.get("axes") if isinstance(reading, dict) else None
    try:
        read = [tuple(shape[axis] for axis in axes)] if axes else []
    except (IndexError, TypeError):
        read = []
    # work that was taken in says nothing of axes
    colours = len(shape) == 3 and shape[-1] in (3, 4)
    usual = [shape[:2], shape[-2:]] if colours else [shape[-2:], shape[:2]]
    for sides in [*read, *(one for one in usual if one == content.masks.shape), *usual]:
        if len(sides) == 2 and _is_level(content.masks.shape, sides):
            return sides[0], sides[1]
    return None


def _is_level(coarse: Sequence[int], full: Sequence[int]) -> bool:
    """Whether a size can be that of a level: as fine or coarser, along both sides by the same factor."""
    if any(few > many for few, many in zip(coarse, full, strict=True)):
        return False
    # each level before may have rounded a side up or down, by less than a pixel of this one in all
    least = max(many / (few + 1) for few, many in zip(coarse, full, strict=True))
    most = min(many / max(few - 1, 1e-9) for few, many in zip(coarse, full, strict=True))
    return least < most
