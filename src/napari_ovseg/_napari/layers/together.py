"""Channels that are layers of their own, read as one picture in the colours on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.layer_parts import Part
from napari_ovseg._napari.layers.picture_file import file_of
from napari_ovseg._napari.layers.shown_pictures import is_picture
from napari_ovseg._napari.layers.source import LayerSource, limits_of, shapes_of, source_of
from napari_ovseg.channel_colours import as_hex
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import Dims, ViewerModel
    from napari.layers import Image

# A colour map is sampled in so many steps.
_STEPS = 256


def group_of(viewer: ViewerModel, image: Image) -> list[Image]:
    """Return the layers that are channels of one picture with a layer, itself included, lowest first.

    They are grey, lie on the same pixels, are of the same file or of none, and mix on the screen as the
    channels do that napari splits by itself: all but the lowest have additive blending. Fewer than two are no
    group, and it is empty.
    """
    if image.rgb:
        return []
    found: list[Image] = []
    for layer in viewer.layers:
        if not is_picture(layer):
            continue
        if layer is not image and not _alike(layer, image):
            continue
        if str(layer.blending) != "additive":
            # what covers all below is the lowest channel of another picture
            if image in found:
                break
            found = []
        found.append(layer)
    return found if len(found) > 1 and image in found else []


def source_together(group: Sequence[Image], dims: Dims, chosen: Sequence[int]) -> LayerSource:
    """Plan to read layers of a group as one picture, the slice in view; the work is on the first.

    Parameters
    ----------
    group : sequence of napari.layers.Image
        As `group_of` returns it.
    dims : napari.components.Dims
    chosen : sequence of int
        Which of them, counted from 0.

    Raises
    ------
    InputError
        When none is chosen, or the slice in view lies outside.
    """
    # a layer may be gone that is still listed, until the list is made anew
    chosen = [place for place in chosen if place < len(group)]
    if not chosen:
        raise InputError("No layer is ticked: tick at least one below 'Read'.")
    first = source_of(group[0], dims)
    return replace(first, parts=tuple(_part(group[place], first) for place in chosen))


def colour_of(layer: Image) -> str:
    """Return the colour of a layer's brightest values, "#rrggbb"."""
    return as_hex(_ramp(layer)[-1])


def _part(layer: Image, like: LayerSource) -> Part:
    levels = list(layer.data) if layer.multiscale else [layer.data]
    data = next(level for level in levels if level.shape == like.data.shape)
    return Part(layer.name, data, limits_of(layer), _ramp(layer))


def _ramp(layer: Image) -> NDArray[np.float32]:
    """The colours of a layer from dark to bright, gamma and opacity included, shape (N, 3)."""
    values = np.linspace(0, 1, _STEPS) ** float(layer.gamma)
    colours = np.asarray(layer.colormap.map(values), np.float32)[:, :3] * np.float32(layer.opacity)
    return np.clip(colours, 0, 1)


def _alike(layer: Image, image: Image) -> bool:
    """Whether two layers lie on the same pixels, and come from the same file."""
    if layer.rgb or layer.ndim != image.ndim or shapes_of(layer) != shapes_of(image):
        return False
    transforms = ("scale", "translate", "rotate", "shear")
    return (
        file_of(layer) == file_of(image)
        and all(np.allclose(getattr(layer, name), getattr(image, name)) for name in transforms)
        and np.allclose(layer.affine.affine_matrix, image.affine.affine_matrix)
    )
