"""Which slice of a picture the viewer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_ovseg._napari.layers.source import source_of
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position


def position_in_view(annotated: Annotated, viewer: ViewerModel) -> Position | None:
    """Return which slice of a picture the sliders stand at; None where they are off it."""
    placement = annotated.masks.placement
    if not placement.stack_axes:
        return ()
    try:
        found = source_of(annotated.image, viewer.dims, placement.channel_axis).placement
    except InputError:
        return None
    return found.position if found.fits(placement) else None
