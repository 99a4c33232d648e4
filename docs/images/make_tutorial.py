"""Take the pictures of the tutorial from the real window, by clicks, keys and strokes with the mouse.

Run from the repository: ``.ci/with_display python docs/images/make_tutorial.py``.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtCore import QPoint
    from qtpy.QtWidgets import QWidget

    from napari_ovseg._napari.widget import OpenVocabularyWidget

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1200, 800
SCENE = 9
NAMES = ("grass", "purple cross", "white cross", "cyan crescent", "black crescent")


class Hand:
    """A person at the window: moves the mouse, presses keys, waits and looks."""

    def __init__(self, picture: Path) -> None:
        from napari_ovseg._napari.launch import build_window

        self.viewer: Viewer
        self.widget: OpenVocabularyWidget
        self.viewer, self.widget = build_window([picture])
        self.form = self.widget.form
        self.viewer.window.resize(WIDTH, HEIGHT)
        self.pause(1.0)

    def pause(self, seconds: float = 0.5) -> None:
        """Let the window live."""
        from qtpy.QtTest import QTest

        QTest.qWait(round(1000 * seconds))

    def wait_for(self, condition: Callable[[], object], seconds: float = 300) -> None:
        """Let the window live until something has happened."""
        since = time.monotonic()
        while not condition():
            self.pause(0.02)
            if time.monotonic() - since > seconds:
                raise TimeoutError("The window did not do what it was waited for.")

    def wait_until_idle(self) -> None:
        """Wait for a run or an update to end."""
        self.wait_for(lambda: not self.widget.busy)
        self.pause()

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click into the middle of a widget, or at a point of it."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        no_key = Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, no_key, QPoint() if at is None else at)
        self.pause(0.1)

    def click_row(self, row: int) -> None:
        """Choose a category."""
        table = self.form.table
        self.click(table.viewport(), table.visualItemRect(table.item(row, 1)).center())

    def type(self, widget: QWidget, lines: tuple[str, ...]) -> None:
        """Type lines of text into a box."""
        from qtpy.QtTest import QTest

        for number, line in enumerate(lines):
            if number:
                self.press("Return", widget)
            QTest.keyClicks(widget, line)

    def press(self, key: str, widget: QWidget | None = None) -> None:
        """Press a key, by default as one does with the canvas in view."""
        from qtpy.QtGui import QKeySequence
        from qtpy.QtTest import QTest

        pressed = QKeySequence(key)[0]
        QTest.keyClick(widget or self.viewer.window._qt_window, pressed.key(), pressed.keyboardModifiers())
        self.pause(0.1)

    def stroke(self, *corners: tuple[float, float]) -> None:
        """Drag the brush along (row, column) corners of the picture."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        canvas = self.viewer.window._qt_viewer.canvas.native
        legs = pairwise(corners)
        path = [np.linspace(*leg, 8) for leg in legs]
        points = [self._on_canvas(point) for leg in path for point in leg]
        left, no_key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mouseMove(canvas, points[0])
        QTest.mousePress(canvas, left, no_key, points[0])
        for point in points:
            QTest.mouseMove(canvas, point)
            self.pause(0.02)
        QTest.mouseRelease(canvas, left, no_key, points[-1])
        self.pause()

    def _on_canvas(self, point: np.ndarray) -> QPoint:
        from qtpy.QtCore import QPoint

        camera, size = self.viewer.scene.camera, self.viewer.window._qt_viewer.canvas.native.size()
        row, column = (point - np.asarray(camera.center)[-2:]) * camera.zoom
        return QPoint(round(column + size.width() / 2), round(row + size.height() / 2))

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Save the window, or one widget of it, as a small PNG."""
        self.pause()
        if widget is None:
            pixels = self.viewer.screenshot(canvas_only=False, flash=False)
            picture = Image.fromarray(pixels)
        else:
            with tempfile.TemporaryDirectory() as folder:
                widget.grab().save(f"{folder}/widget.png")
                picture = Image.open(f"{folder}/widget.png").copy()
        # an octree keeps the colours of the table's small swatches
        picture = picture.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        picture.save(HERE / f"tutorial_{name}.png", optimize=True)
        print(f"{name}: {self.form.message.text()}")


def correct(hand: Hand) -> None:
    """Run, paint, update, look for what is unsure."""
    form = hand.form
    hand.type(form.names, NAMES)
    hand.shoot("typed")
    hand.click(form.run)
    hand.wait_until_idle()
    hand.shoot("run")
    hand.click_row(0)
    hand.press("2")
    hand.stroke((246, 50), (238, 110), (226, 170))
    hand.shoot("stroke")
    hand.press("U")
    hand.wait_until_idle()
    hand.shoot("update")
    hand.click(form.correct.confidence)
    hand.press("N")
    hand.shoot("uncertain")
    hand.click(form.correct.confidence)
    hand.viewer.reset_view()


def rename(hand: Hand) -> None:
    """Merge the crosses, give them another name, and lock them."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QLineEdit

    table, actions = hand.form.table, hand.form.table_actions
    hand.click_row(2)
    actions.merge_menu.popup(actions.merge.mapToGlobal(actions.merge.rect().bottomLeft()))
    hand.pause()
    target = next(action for action in actions.merge_menu.actions() if action.text() == "purple cross")
    hand.click(actions.merge_menu, actions.merge_menu.actionGeometry(target).center())
    hand.click_row(1)
    name = table.visualItemRect(table.item(1, 1)).center()
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, name)
    hand.pause()
    editor = table.findChild(QLineEdit)
    hand.type(editor, ("cross",))
    hand.press("Return", editor)
    hand.click(table.viewport(), table.visualItemRect(table.item(1, 4)).center())
    hand.shoot("table")
    hand.wait_for(lambda: hand.form.saving.status.text() and not hand.widget.session.autosave.unsaved)


def export(hand: Hand) -> None:
    """Write COCO, and look at the summary."""
    from napari_ovseg._napari.panel.export_dialog import ExportDialog

    hand.click(hand.form.saving.export)
    dialog = hand.widget.findChild(ExportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData("coco"))
    hand.click(dialog.export)
    hand.wait_for(dialog.export.isEnabled)
    hand.shoot("export", dialog)
    dialog.close()


def go_through(picture: Path) -> None:
    """Go through the tutorial with a picture, in two windows."""
    hand = Hand(picture)
    correct(hand)
    rename(hand)
    hand.viewer.close()
    again = Hand(picture)
    again.wait_for(lambda: again.form.resume.isVisible())
    again.shoot("resume")
    again.click(again.form.resume.resume)
    again.wait_for(lambda: again.widget.annotator.current is not None)
    export(again)
    again.viewer.close()


def main() -> None:
    """Take the pictures, in a folder whose name is good to read in one of them."""
    from napari_ovseg._napari.launch import load_torch
    from napari_ovseg.demo.scenes import sample_scene

    load_torch()
    folder = Path(tempfile.gettempdir()) / "photos"
    folder.mkdir()
    try:
        picture = folder / "scene.png"
        Image.fromarray(sample_scene(SCENE)[0]).save(picture)
        go_through(picture)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
