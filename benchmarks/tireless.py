"""A person at a real window who paints without end, for ``never_lose.py``, which kills the process."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sys
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_ovseg.annotation.labelled_pictures import read_work, saved_work
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.errors import OvsegError
from napari_ovseg.export import export
from napari_ovseg.settings import Settings

CELL, SIDE = 8, 512
PER_ROW = SIDE // CELL
FORMATS = ("png", "coco")
TROUBLES = ("none", "reruns", "other-picture", "full-disk")


def start_workers(folder: Path, trouble: str) -> None:
    """Import everything once, then fork a window for each line that comes in."""
    import napari._qt.qt_viewer  # noqa: F401

    import napari_ovseg._napari.widget  # noqa: F401

    os.dup2(2, 1)
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _Annotator(folder, trouble).work()
            finally:
                os._exit(1)
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("dead")


# napari prints its notices too, which are none of the lines that are read
_LINES = os.dup(1)


def _say(line: str) -> None:
    os.write(_LINES, f"{line}\n".encode())


class _Annotator:
    """A person at the window, who never stops."""

    def __init__(self, folder: Path, trouble: str) -> None:
        warnings.simplefilter("ignore")
        import napari
        from qtpy.QtWidgets import QApplication

        from napari_ovseg._napari.widget import OpenVocabularyWidget

        self.folder, self.chance = folder, random.Random(time.monotonic_ns())
        self.trouble, self.troubles, self.full = trouble, 0, False
        self._fsync, os.fsync = os.fsync, self._sync
        self.viewer = napari.Viewer()
        self.application = QApplication.instance()
        self.widget = OpenVocabularyWidget(self.viewer, engine())
        self.viewer.window.add_dock_widget(self.widget)
        self.viewer.open(folder / "scene.png", plugin="napari")
        self._wait(lambda: bool(self.widget.session.places.found))

    def work(self) -> None:
        offer = self.widget.form.resume
        if not offer.isHidden():
            offer.resume.click()
        else:
            self.widget.form.names.setPlainText("bright, dark")
            self.widget.form.run.click()
        self._wait(lambda: self.widget.annotator.current is not None and not self.widget.busy)
        if self.trouble == "other-picture":
            masks = self.viewer.layers.selection.active
            self.viewer.open(self.folder / "other.png", plugin="napari")
            self._turn_to(masks)
        human = self.widget.annotator.current.human_pixels(())
        stroke = int((human != 255).reshape(PER_ROW, CELL, PER_ROW, CELL).any((1, 3)).sum())
        self.viewer.camera.center, self.viewer.camera.zoom = (0, SIDE / 2, SIDE / 2), 1.2
        self._pass(0.1)
        _say("ready")
        exported = troubled = time.monotonic()
        # Some paint without ever making a pause.
        pause = self.chance.choice([0.02, 0.1, 0.4])
        while True:
            self._take_brush()
            self._paint(stroke)
            _say(f"{stroke} {time.monotonic()}")
            stroke += 1
            self._pass(pause * self.chance.random())
            if time.monotonic() - exported > 2:
                self._export(stroke)
                exported = time.monotonic()
            if time.monotonic() - troubled > 3:
                self._make_trouble()
                troubled = time.monotonic()

    def _take_brush(self) -> None:
        """Turn to the masks, which another run may have put into a layer of their own."""
        layer = self.widget.annotator.current.masks.layer
        if self.viewer.layers.selection.active is not layer:
            self._turn_to(layer)
        if layer.mode != "paint":
            layer.mode, layer.brush_size, layer.selected_label = "paint", 4, 2

    def _turn_to(self, masks: Any) -> None:
        self.viewer.layers.selection.active = masks
        self._wait(lambda: self.widget.annotator.current is not None)

    def _make_trouble(self) -> None:
        self.troubles += 1
        if self.trouble == "reruns" and not self.widget.busy:
            self.widget.form.run.click()
        elif self.trouble == "other-picture":
            masks = self.viewer.layers.selection.active
            self.viewer.layers.selection.active = self.viewer.layers["other"]
            self._pass(self.chance.random())
            self._turn_to(masks)
        elif self.trouble == "full-disk" and self.full != (self.troubles % 3 == 1):
            self.full = not self.full
            _say(f"disk {time.monotonic()}")

    def _sync(self, handle: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._fsync(handle)

    def _paint(self, stroke: int) -> None:
        """Drag over the middle of a cell with the mouse."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas = self.viewer.window._qt_viewer.canvas.native
        row, column = divmod(stroke, PER_ROW)
        points = []
        for shift in (-1.0, 0.0, 1.0):
            y, x = CELL * row + CELL / 2 - 0.5, CELL * column + CELL / 2 - 0.5 + shift
            center, zoom = self.viewer.camera.center, self.viewer.camera.zoom
            points.append(
                QPoint(
                    round((x - center[2]) * zoom + canvas.width() / 2),
                    round((y - center[1]) * zoom + canvas.height() / 2),
                )
            )
        button = Qt.MouseButton.LeftButton
        QTest.mouseMove(canvas, points[0])
        QTest.mousePress(canvas, button, Qt.KeyboardModifier.NoModifier, points[0])
        for point in points[1:]:
            QTest.mouseMove(canvas, point)
            self._pass(0.01)
        QTest.mouseRelease(canvas, button, Qt.KeyboardModifier.NoModifier, points[-1])

    def _export(self, stroke: int) -> None:
        """Write what is saved so far, in turn in each format, in the background as the panel does."""
        sidecar = self.folder / "scene.png.ovseg"
        kind = FORMATS[stroke % len(FORMATS)]
        if is_sidecar(sidecar):
            target = self.folder / f"export-{kind}"
            threading.Thread(target=_export_to, args=(sidecar, target, kind), daemon=True).start()

    def _wait(self, done: Any) -> None:
        while not done():
            self._pass(0.02)

    def _pass(self, seconds: float) -> None:
        """Let the window live on for a while."""
        until = time.monotonic() + seconds
        while True:
            self.application.processEvents()
            if time.monotonic() >= until:
                return
            time.sleep(0.002)


def _export_to(sidecar: Path, folder: Path, kind: str) -> None:
    # a full disk is not to be told each time
    with contextlib.suppress(OSError, OvsegError):
        export(read_work(saved_work(sidecar)[0]), folder, kind, overwrite=True)


def engine() -> Any:
    """A method that is done at once and finds nothing: what is tested is what comes after."""
    from napari_ovseg._napari.jobs.engine import Engine
    from napari_ovseg.segmentation import Segmentation, State

    def segment(image: Any, settings: Settings, *, on_pseudo_labels: Any, **_how: Any) -> Segmentation:
        masks, sure = np.zeros((SIDE, SIDE), np.uint8), np.ones((SIDE, SIDE), np.float32)
        on_pseudo_labels(masks, sure)
        names = settings.sought
        maps = np.ones((len(names) + 1, 56, 56), np.float32)
        return Segmentation(
            categories=names,
            background=None,
            relevance=maps[1:],
            pseudo_labels=masks,
            masks=masks,
            human=np.full_like(masks, 255),
            confidence=sure,
            presence=np.ones(len(names), np.float32),
            record={"model": "demo", "absent": [], "warnings": []},
            state=State(tuple(range(1, len(names) + 1)), maps, None),
        )

    return Engine(lambda name, **_settings: SimpleNamespace(name=name), segment, _Learner, None, None)


class _Learner:
    """An update that changes nothing but what a person painted."""

    def __init__(self, *_given: Any, **_settings: Any) -> None: ...

    def update(self, masks: np.ndarray, human: np.ndarray, **_settings: Any) -> Any:
        masks = np.where(human == 255, masks, human)
        return SimpleNamespace(masks=masks, confidence=np.ones(masks.shape, np.float32))
