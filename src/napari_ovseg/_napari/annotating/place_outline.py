"""A passing outline on the canvas around a place to look at: no layer, in nothing that is saved or undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.outside import Outside

if TYPE_CHECKING:
    from napari.components import ViewerModel

# long enough to be found, and gone before it is in the way
_SHOWN_MS = 4000
# one line over the other, so that it shows on bright and on dark pictures
_LINES = ((5.0, (0.0, 0.0, 0.0, 1.0)), (2.0, (1.0, 0.85, 0.1, 1.0)))


class PlaceOutline(QObject):
    """Lines that are drawn beside the viewer's layers; made once, and only hidden in between.

    A viewer without a window shows none.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self._lines: list[Any] = []
        self._timer = single_shot(self, self.hide)
        self._outside = Outside(self)
        for event in (viewer.dims.events.current_step, viewer.dims.events.order, viewer.dims.events.ndisplay):
            self._outside.hear(event, self.hide)

    @property
    def shown(self) -> bool:
        """Whether it is to be seen now."""
        return any(line.visible for line in self._lines)

    def show(self, corners: NDArray[np.float64]) -> None:
        """Outline ``corners (4, 2)``, in the world coordinates of the two axes that are displayed."""
        if not self._lines:
            self._lines = self._made()
        closed = np.ascontiguousarray(np.vstack([corners, corners[:1]])[:, ::-1], np.float32)
        for line in self._lines:
            line.set_data(pos=closed)
            line.visible = True
        self._timer.start(_SHOWN_MS)

    def hide(self, _event: Any = None) -> None:
        self._timer.stop()
        for line in self._lines:
            line.visible = False

    def remove(self) -> None:
        """Take the lines off the canvas."""
        self.hide()
        for line in self._lines:
            line.parent = None
        self._lines = []

    def _made(self) -> list[Any]:
        from vispy.scene.visuals import Line

        window = getattr(self.viewer, "window", None)
        if window is None:
            return []
        scene = window._qt_viewer.canvas.view.scene
        lines = []
        for order, (width, colour) in enumerate(_LINES):
            line = Line(pos=np.zeros((2, 2), np.float32), color=colour, width=width, parent=scene)
            line.set_gl_state("translucent", depth_test=False)
            # over all layers
            line.order = 1_000_000 + order
            lines.append(line)
        return lines
