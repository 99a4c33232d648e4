"""The mouse over a labels layer: napari's own callbacks get the events that a canvas would send."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)


def event(layer, type, point, *, dragging, button=1):
    displayed = list(layer._slice_input.displayed)
    position = tuple(layer.data_to_world(point))
    return ReadOnlyWrapper(
        SimpleNamespace(
            type=type,
            is_dragging=dragging,
            button=button,
            position=position,
            view_direction=None,
            dims_displayed=displayed,
            dims_point=list(position),
            modifiers=[],
            pos=np.zeros(2),
        ),
        exceptions=("handled",),
    )


def drag(layer, *points, button=1, mode="paint", label=None, size=1):
    """Press at the first of some points of the data, move along the others, and let go at the last."""
    layer.mode = mode
    layer.brush_size = size
    if label is not None:
        layer.selected_label = label
    mouse_press_callbacks(layer, event(layer, "mouse_press", points[0], dragging=False, button=button))
    for point in points[1:]:
        mouse_move_callbacks(layer, event(layer, "mouse_move", point, dragging=True, button=button))
    mouse_release_callbacks(layer, event(layer, "mouse_release", points[-1], dragging=False, button=button))


def click(layer, point, **how):
    drag(layer, point, **how)
