"""A part of a picture of several levels as a picture of its own: work on it is as fine as it is.

Labels of all of such a picture lie on a level that fits into memory. So a person who wants to work more
finely takes a part out. It lies where it was taken from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_ovseg._napari.layers.part_in_view import part_meant
from napari_ovseg._napari.layers.placement import Placement
from napari_ovseg._napari.layers.result_layers import placed_like
from napari_ovseg._napari.layers.source import LONGEST_SIDE, shapes_of
from napari_ovseg.annotation.pasted import Part

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


def finer_part(viewer: ViewerModel, image: Image, read: Placement) -> Image | None:
    """Return the part that "here" means as a layer that is not in the viewer yet.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image
    read : Placement
        Of what a run of the whole picture reads.

    Returns
    -------
    napari.layers.Image or None
        At the finest level of which the part has at most `LONGEST_SIDE` pixels along its longer side. None
        for a picture of one level, for stacks and channels, and where no level shows more than the run does.

    Raises
    ------
    InputError
        As `part_meant`.
    """
    from napari.layers import Image

    if not image.multiscale or image.ndim != 2:
        return None
    found = next(_levels(viewer, image, read), None)
    if found is None:
        return None
    level, place, part = found
    first = np.array([one.start for one in part])
    row, column = (round(start * factor) for start, factor in zip(first, place.factors, strict=True))
    limits = {} if image.rgb else {"contrast_limits": image.contrast_limits, "colormap": image.colormap}
    return Image(
        np.asarray(image.data[level][part]),
        name=f"{image.name} at {row}, {column}",
        rgb=image.rgb,
        **limits,
        **placed_like(image, place, first),
    )


def _levels(viewer: ViewerModel, image: Image, read: Placement) -> Iterator[tuple[int, Placement, Part]]:
    """Levels of which the part is small enough, and that show more than a run of the whole reads."""
    shapes = shapes_of(image)
    for level, shape in enumerate(shapes):
        factors = tuple(full / own for full, own in zip(shapes[0], shape, strict=True))
        if factors >= read.factors:
            return
        place = Placement((0, 1), factors, shape, (), ())
        part = part_meant(viewer, image, place)
        if max(one.stop - one.start for one in part) <= LONGEST_SIDE:
            yield level, place, part
