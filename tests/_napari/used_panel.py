"""The panel in a real viewer with a stand-in for the method, used as a person would; see `make_panel`."""

from __future__ import annotations

import gc
import weakref

import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QCheckBox

from napari_ovseg._napari.launch import PANEL
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.panel.category_cells import NAME
from napari_ovseg._napari.widget import OpenVocabularyWidget

NOISE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
# grey, so that no pixel has a category, but for a dark and a bright corner
CORNERS = np.full((40, 48, 3), 100, np.uint8)
CORNERS[30:, :20] = 10
CORNERS[30:, 30:] = 250


class Panel:
    """The real widget docked in a real viewer, used by clicks and keys; `by_napari`, as its menus open it."""

    def __init__(self, qtbot, viewer, method, *, by_napari=False):
        self.qtbot, self.viewer, self.method = qtbot, viewer, method
        if by_napari:
            self.dock, self.widget = viewer.window.add_plugin_dock_widget("napari-ovseg")
        else:
            self.widget = OpenVocabularyWidget(viewer, method.engine)
            self.dock = viewer.window.add_dock_widget(self.widget, name=PANEL)
        self.form = self.widget.form

    def close(self):
        """Click the x of the dock."""
        self.click(self.dock.titleBarWidget().close_button)

    def let_go(self):
        """Forget the closed panel; returns what is left of it."""
        left = weakref.ref(self.widget)
        self.widget = self.dock = self.form = None
        gc.collect()
        return left()

    def open_photo(self, folder):
        """Open `CORNERS` from a file, and wait until it is known where its work belongs; the layer."""
        path = folder / "photo.png"
        Image.fromarray(CORNERS).save(path)
        (image,) = self.viewer.open(path, plugin="napari")
        places = self.widget.session.places
        self.qtbot.waitUntil(lambda: bool(places.found), timeout=20_000)
        return image

    def type_names(self, text):
        self.form.names.selectAll()
        self.qtbot.keyClicks(self.form.names, text)

    def click(self, button):
        place = QPoint(8, button.height() // 2) if isinstance(button, QCheckBox) else QPoint()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=place)

    def click_run(self):
        self.click(self.form.run)

    def click_cancel(self):
        self.click(self.form.cancel)

    def click_row(self, row):
        table = self.form.table
        place = table.visualItemRect(table.item(row, NAME)).center()
        self.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def wait_until_idle(self):
        self.qtbot.waitUntil(lambda: not self.widget.busy, timeout=30_000)

    def run(self, names="bright, dark"):
        self.type_names(names)
        self.click_run()
        self.wait_until_idle()

    def start_held(self, names="bright, dark"):
        """Start a run that stops between pseudo-labels and masks until `finish` is called."""
        self.method.hold.clear()
        self.method.holding.clear()
        self.type_names(names)
        self.click_run()
        self.qtbot.waitUntil(self.method.holding.is_set, timeout=20_000)

    def finish(self):
        self.method.hold.set()
        self.wait_until_idle()

    def paint(self, at, id, layer="photo masks"):
        layer = self.viewer.layers[layer]
        layer.brush_size = 1
        layer.paint(at, id)
        self.widget.annotator.settle()

    def set_painted(self, where, id, layer="photo masks"):
        """Paint all of a boolean array as one stroke."""
        self.viewer.layers[layer].data_setitem(np.nonzero(where), id)
        self.widget.annotator.settle()

    @property
    def current(self):
        return self.widget.annotator.current

    @property
    def names(self):
        table = self.form.table
        return [table.item(row, NAME).text() for row in range(table.rowCount())]

    @property
    def message(self):
        return self.form.message.text()

    @property
    def model_used(self):
        return self.viewer.layers["photo masks"].metadata[METADATA_KEY]["record"]["model"]

    @property
    def layers(self):
        return [layer.name for layer in self.viewer.layers]
