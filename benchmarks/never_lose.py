"""Kill napari while a person paints and exports: ``.ci/with_display python benchmarks/never_lose.py``.

A real window with the panel and real mouse events on its canvas: each stroke fills the next of 4096 cells,
so that what is saved can be counted. Every other second all that is saved is exported. At a random moment
the process gets SIGKILL; the next one opens the picture again and resumes. After each kill the saved work
must hold every stroke up to one and none after it, exported files must be whole, and what is missing must
be younger than 5 seconds. Needs Linux or macOS (fork).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from napari_ovseg.annotation.labelled_pictures import read_work, saved_work
from napari_ovseg.annotation.sidecar import is_sidecar, load
from napari_ovseg.export import export

CELL, SIDE = 8, 512
PER_ROW = SIDE // CELL
FORMATS = ("png", "coco")
MOST_SECONDS = 5.0


def main(
    kills: Annotated[int, typer.Option(help="How often to kill.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed kills at other moments.")] = 0,
    nursery: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print what was missing after each kill, and the most."""
    if nursery:
        _start_workers(Path(nursery))
        return
    chance, missing = random.Random(seed), []
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "scene.png"
        noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(noise).save(picture)
        command = [sys.executable, __file__, "--nursery", folder]
        environment = {**os.environ, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            saved = 0
            for number in range(kills):
                # Most kills come while painting, some while the window opens or resumes.
                painting = chance.random() < 0.9
                seconds = chance.uniform(0, 12 if painting else 4)
                finished, killed = _killed(process, painting, seconds)
                before, saved = saved, _strokes_saved(picture)
                assert saved >= before, f"{before - saved} strokes that were saved are gone"
                times = [when for stroke, when in finished if stroke >= saved]
                missing.append(killed - times[0] if times else 0.0)
                whole = _check_exports(Path(folder))
                print(
                    f"{number + 1}: {len(finished)} strokes in this window, {saved} saved in all, "
                    f"{len(times)} missing, the oldest of {missing[-1]:.1f} s before; {whole} whole exports",
                    flush=True,
                )
            process.stdin.close()  # type: ignore[union-attr]
    print(f"{kills} kills: at most {max(missing):.1f} s were missing, {np.mean(missing):.1f} s on average.")
    sys.exit(max(missing) > MOST_SECONDS)


def _killed(
    process: subprocess.Popen[str], painting: bool, seconds: float
) -> tuple[list[tuple[int, float]], float]:
    """Start a window, kill it, and return its strokes with their times, and the time of the kill."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write("go\n")
    stdin.flush()
    child = int(stdout.readline().split()[1])
    if painting:
        line = stdout.readline()
        assert line == "ready\n", line
    killed = 0.0

    def kill() -> None:
        nonlocal killed
        killed = time.monotonic()
        os.kill(child, signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.start()
    strokes = []
    for line in stdout:
        if line == "dead\n":
            timer.join()
            return strokes, killed
        if line != "ready\n":
            stroke, when = line.split()
            strokes.append((int(stroke), float(when)))
    raise AssertionError("the nursery ended")


def _strokes_saved(picture: Path) -> int:
    """How many cells hold a stroke; they must be the first ones, and all else as it was."""
    folder = picture.with_name(picture.name + ".ovseg")
    if not is_sidecar(folder):
        return 0
    (content,) = load(folder).slices.values()
    painted = content.human != 255
    assert (content.masks[painted] == content.human[painted]).all(), "human pixels and masks differ"
    cells = painted.reshape(PER_ROW, CELL, PER_ROW, CELL).any((1, 3)).ravel()
    count = int(cells.sum())
    assert cells[:count].all(), "a stroke is missing that is older than one that was saved"
    return count


def _check_exports(folder: Path) -> int:
    """Every file that has its final name must be whole."""
    files = [path for path in folder.glob("export-*/**/*") if path.is_file() and path.suffix != ".part"]
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".png":
            with Image.open(path) as image:
                assert np.asarray(image).shape[:2] == (SIDE, SIDE)
    return len(files)


def _start_workers(folder: Path) -> None:
    """Import everything once, then fork a window for each line that comes in."""
    import napari._qt.qt_viewer  # noqa: F401

    import napari_ovseg._napari.widget  # noqa: F401

    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _Annotator(folder).work()
            finally:
                os._exit(1)
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("dead")


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


class _Annotator:
    """A person at the window, who never stops."""

    def __init__(self, folder: Path) -> None:
        warnings.simplefilter("ignore")
        import napari
        from qtpy.QtWidgets import QApplication

        from napari_ovseg._napari.widget import OpenVocabularyWidget

        self.folder, self.chance = folder, random.Random(time.monotonic_ns())
        self.viewer = napari.Viewer()
        self.application = QApplication.instance()
        self.widget = OpenVocabularyWidget(self.viewer, _engine())
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
        current = self.widget.annotator.current
        layer = current.masks.layer
        layer.mode, layer.brush_size, layer.selected_label = "paint", 4, 2
        human = current.human_pixels(())
        stroke = int((human != 255).reshape(PER_ROW, CELL, PER_ROW, CELL).any((1, 3)).sum())
        self.viewer.camera.center, self.viewer.camera.zoom = (0, SIDE / 2, SIDE / 2), 1.2
        self._pass(0.1)
        _say("ready")
        exported = time.monotonic()
        # Some paint without ever making a pause.
        pause = self.chance.choice([0.02, 0.1, 0.4])
        while True:
            self._paint(stroke)
            _say(f"{stroke} {time.monotonic()}")
            stroke += 1
            self._pass(pause * self.chance.random())
            if time.monotonic() - exported > 2:
                self._export(stroke)
                exported = time.monotonic()

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
            work: Any = lambda: export(  # noqa: E731
                read_work(saved_work(sidecar)[0]), self.folder / f"export-{kind}", kind, overwrite=True
            )
            threading.Thread(target=work, daemon=True).start()

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


def _engine() -> Any:
    """A method that is done at once and finds nothing: what is tested is what comes after."""
    from types import SimpleNamespace

    from napari_ovseg._napari.run import Engine
    from napari_ovseg.segmentation import State

    def segment(image: Any, categories: Any, *, on_pseudo_labels: Any, **_settings: Any) -> Any:
        masks, sure = np.zeros((SIDE, SIDE), np.uint8), np.ones((SIDE, SIDE), np.float32)
        on_pseudo_labels(masks, sure)
        names = [category for category in categories if not category.background]
        state = State(tuple(range(1, len(names) + 1)), np.ones((len(names) + 1, 56, 56), np.float32), None)
        return SimpleNamespace(
            categories=names,
            pseudo_labels=masks,
            masks=masks,
            confidence=sure,
            presence=np.ones(len(names), np.float32),
            record={"model": "demo", "absent": [], "warnings": []},
            state=state,
        )

    return Engine(lambda name, **_settings: SimpleNamespace(name=name), segment, None, None)


if __name__ == "__main__":
    typer.run(main)
