"""How long the window stalls: ``.ci/with_display python benchmarks/window_gaps.py``.

The real window with the panel, the bundled model and a picture of 1024 x 1024 pixels. A timer of 10 ms ticks
through the loading of the model, a run, an update, a save and an export; its longest gap in each is what
somebody who paints meanwhile feels. Then each stage is entered again and cancelled; what counts is the time
from the press until nothing works any more. An idle window is measured in the same process, before and after:
on a machine that is shared no gap can be shorter than that. PyTorch must not be imported before the window is
there, so each picture takes a process of its own.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

SIDE = 1024
IDLE = "idle window"
DRAWING = "napari draws for the first time"
ALONE = "napari alone: one more labels layer"
OPENING = "opening the panel"
AHEAD = "loading the model ahead"
LOADING = "Loading the model"
BETWEEN = "between"
SAVING = "saving"
EXPORTING = "exporting"
STOPPING = "after Cancel"
MOST_SECONDS = 300.0
# of a stage, when Cancel is pressed
SHARES = (0.1, 0.4, 0.7)


class Ticks:
    """A timer of 10 ms that remembers its longest gap in each stage."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.stage = IDLE
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def enter(self, stage: str) -> None:
        """Count what follows for a stage."""
        self._tick()
        self.stage = stage

    def _tick(self) -> None:
        now = time.perf_counter()
        gap, self._last = now - self._last, now
        self.longest[self.stage] = max(gap, self.longest.get(self.stage, 0.0))
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + gap


class Window:
    """The panel in a window, pressed as a person would."""

    def __init__(self, picture: np.ndarray, folder: Path) -> None:
        import napari

        from napari_ovseg._napari.widget import OpenVocabularyWidget

        self.viewer = napari.Viewer()
        self.folder = folder
        self.layer = self.viewer.add_image(picture, name="photo")
        self.ticks = Ticks()
        self.ticks.enter(DRAWING)
        self.wait(3.0)
        self.idle()
        self.ticks.enter(OPENING)
        self.widget = OpenVocabularyWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.widget, name="ovseg")
        self.form = self.widget.form
        self.widget._runs.progressed.connect(lambda stage, *_: self._enter(stage))
        self.widget.annotator.updates.progressed.connect(lambda stage, *_: self._enter(stage))
        self.widget._runner.idle.connect(lambda: self._enter(BETWEEN))
        self.widget._ahead.told.connect(lambda doing: self._enter(AHEAD if doing else BETWEEN))

    def _enter(self, stage: str) -> None:
        if self.ticks.stage != STOPPING:
            self.ticks.enter(stage)

    def idle(self) -> None:
        """Measure a window that nothing is asked of."""
        self.ticks.enter(IDLE)
        self.wait(3.0)
        self.ticks.enter(BETWEEN)

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        self.until(lambda: False, seconds, strict=False)

    def until(
        self, condition: Callable[[], bool], seconds: float = MOST_SECONDS, *, strict: bool = True
    ) -> None:
        """Let the window live until something is so."""
        end = time.perf_counter() + seconds
        while not condition():
            if time.perf_counter() > end:
                if strict:
                    raise TimeoutError(f"stage {self.ticks.stage}: {self.form.message.text()}")
                return
            QTest.qWait(5)

    def click(self, button: Any) -> None:
        """Click a button."""
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def run(self) -> None:
        """Press Run, and wait for the end."""
        self.click(self.form.run)
        self.until(lambda: self.widget.busy, 5)
        self.until(lambda: not self.widget.busy)

    def stroke(self, at: tuple[int, int], id: int) -> None:
        """Paint a spot."""
        layer = self.widget.annotator.current.masks.layer
        layer.brush_size = 20
        layer.paint(at, id)
        self.widget.annotator.settle()

    def update(self) -> None:
        """Press Update masks, and wait for the end."""
        self.click(self.form.correct.update_masks)
        self.until(lambda: self.widget.busy, 5)
        self.until(lambda: not self.widget.busy)

    def save(self) -> None:
        """Wait until all is on the disk."""
        self.ticks.enter(SAVING)
        autosave = self.widget.session.autosave
        self.until(lambda: not autosave.unsaved)
        self.ticks.enter(BETWEEN)

    def export(self, format: str) -> None:
        """Export by the dialog, and wait for its summary."""
        from napari_ovseg._napari.panel.export_dialog import ExportDialog

        self.ticks.enter(f"{EXPORTING} ({format})")
        self.click(self.form.saving.export)
        dialog = self.form.saving.findChildren(ExportDialog)[-1]
        dialog.format.setCurrentIndex(dialog.format.findData(format))
        dialog.folder.setText(str(self.folder / format))
        self.click(dialog.export)
        self.until(lambda: "rote" in dialog.summary.text() or "wrong" in dialog.summary.text())
        print(f"<!-- {dialog.summary.text()} -->", flush=True)
        dialog.close()
        self.ticks.enter(BETWEEN)
        self.wait(0.1)

    def add_labels(self) -> None:
        """Let napari add a labels layer of its own, for comparison."""
        self.ticks.enter(ALONE)
        self.viewer.add_labels(np.zeros(self.layer.data.shape[:2], np.uint8), name="napari's own")
        self.wait(0.5)
        self.ticks.enter(BETWEEN)

    def cancelled_in(self, stage: str, seconds: float) -> float | None:
        """Press Cancel so long after a stage has begun; the seconds until nothing works any more."""
        self.click(self.form.run)
        self.until(lambda: self.ticks.stage == stage or not self.widget.busy)
        self.wait(seconds)
        if not self.widget.busy:
            return None
        self.ticks.enter(STOPPING)
        pressed = time.perf_counter()
        self.click(self.form.cancel)
        self.until(lambda: not self.widget.busy)
        took = time.perf_counter() - pressed
        self.ticks.enter(BETWEEN)
        return took


def scene() -> tuple[np.ndarray, str]:
    """A generated scene, four times as large."""
    from napari_ovseg.demo.scenes import sample_scene

    picture, _, names = sample_scene(3)
    return picture.repeat(SIDE // 256, 0).repeat(SIDE // 256, 1), ", ".join(names)


def measure(picture: np.ndarray, names: str, folder: Path) -> None:
    """Print the table of one picture."""
    window = Window(picture, folder)
    window.form.names.setPlainText(names)
    window.until(lambda: window.ticks.stage == AHEAD)
    window.wait(0.5)
    cancelled = {LOADING: [window.cancelled_in(LOADING, 0.2)]}
    window.run()
    ran = dict(window.ticks.seconds)
    for at, id in (((200, 200), 1), ((700, 500), 0)):
        window.stroke(at, id)
        window.save()
        window.update()
    for format in ("png", "coco", "ome-tiff"):
        window.export(format)
    seconds = window.ticks.seconds | ran
    window.idle()
    window.add_labels()
    for stage in [name for name in ran if name[0].isupper() and name != LOADING]:
        for share in SHARES:
            # what the model saw of the last is kept
            model_cache_cleared()
            cancelled.setdefault(stage, []).append(window.cancelled_in(stage, share * ran[stage]))
    report(window.ticks.longest, seconds, cancelled)
    window.viewer.close()


def model_cache_cleared() -> None:
    """Let the model look at the picture anew; one that is not loaded yet has seen nothing."""
    from napari_ovseg.models import loading
    from napari_ovseg.models.clip.trunk import TrunkCache

    for model in loading._loaded.values():
        model.cache = TrunkCache(model.cache.max_bytes)


def report(
    longest: dict[str, float], seconds: dict[str, float], cancelled: dict[str, list[float | None]]
) -> None:
    """Print a row for each stage, in the order in which they came."""
    print("| stage | seconds | longest gap, ms | until cancelled, s |")
    print("| --- | ---: | ---: | ---: |")
    for stage, gap in longest.items():
        stopped = [took for took in cancelled.get(stage, []) if took is not None]
        said = f"{max(stopped):.2f}" if stopped else ""
        print(f"| {stage} | {seconds.get(stage, 0.0):.1f} | {1000 * gap:.0f} | {said} |")


def main(
    photo: Annotated[Path | None, typer.Option(help="A picture in place of a generated scene.")] = None,
    names: Annotated[str, typer.Option(help="What to find in it.")] = "nuclei",
) -> None:
    """Print a table for one picture."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
        if photo is None:
            picture, names = scene()
        else:
            from napari_ovseg.pictures import read_picture

            picture = read_picture(photo).pixels
        print(f"{picture.shape[0]} x {picture.shape[1]} pixels, {names}\n")
        measure(picture, names, Path(folder))


if __name__ == "__main__":
    typer.run(main)
