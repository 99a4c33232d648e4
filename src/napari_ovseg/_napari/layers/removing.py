"""Layers go one at a time, with a drawing of the window between.

napari 0.9.2 with vispy 0.17 ends in a segmentation fault on a software renderer where two layers of any kind
are removed with no drawing between and something is drawn afterwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

Then = Callable[[], object]


def remove(viewer: ViewerModel, layer: Layer, then: Then = lambda: None) -> None:
    """Take a layer away now or, where another has gone and nothing was drawn since, after the next drawing.

    Until then it is hidden. `then` is called once it has gone.
    """
    if viewer not in _removals:
        _removals[viewer] = _Removals(viewer)
    _removals[viewer].remove(layer, then)


def keep(viewer: ViewerModel, layer: Layer) -> bool:
    """Let a layer that waits to be taken away stay; whether there was such a one."""
    return viewer in _removals and _removals[viewer].keep(layer)


class _Removals:
    """What was removed from one viewer, and is to be."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._layers = viewer.layers
        self._canvas = _canvas(viewer)
        self._undrawn = False
        self._waiting: deque[tuple[Layer, Then]] = deque()
        if self._canvas is not None:
            self._canvas.events.draw.connect(self._drawn)
            # a person, or another plugin, removes layers too
            self._layers.events.removed.connect(self._removed)

    def remove(self, layer: Layer, then: Then) -> None:
        if self._undrawn and self._canvas is not None and self._canvas.native.isVisible():
            layer.visible = False
            self._waiting.append((layer, then))
        else:
            self._layers.remove(layer)
            then()

    def keep(self, layer: Layer) -> bool:
        staying = [pair for pair in self._waiting if pair[0] is layer and layer in self._layers]
        for pair in staying:
            self._waiting.remove(pair)
        return bool(staying)

    def _removed(self, _event: Any) -> None:
        self._undrawn = True

    def _drawn(self, _event: Any) -> None:
        self._undrawn = False
        if self._waiting:
            # not while it is being drawn
            QTimer.singleShot(0, self._next)

    def _next(self) -> None:
        if self._waiting and not self._undrawn:
            layer, then = self._waiting.popleft()
            if layer in self._layers:
                self._layers.remove(layer)
            then()


_removals: WeakKeyDictionary[ViewerModel, _Removals] = WeakKeyDictionary()


def _canvas(viewer: ViewerModel) -> Any:
    """What the layers are drawn on; None without a window."""
    qt_viewer = getattr(getattr(viewer, "window", None), "_qt_viewer", None)
    return getattr(getattr(qt_viewer, "canvas", None), "_scene_canvas", None)
