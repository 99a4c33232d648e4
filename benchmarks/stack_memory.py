"""What a stack keeps in memory after a run: ``.ci/with_display python benchmarks/stack_memory.py``.

The real window with the panel and a stand-in for the method, of which each slice has arrays of the sizes
that the bundled model leaves of 512 x 512 pixels and three names. All slices are run; then the blocks of
memory that Python and NumPy hold more than before are added up, and shared out among the lines that asked
for them.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import typer

SIDE = 512
NAMES = "person, helmet, flag"
# of the state that `segment` returns for such a picture, model demo
SCORES, FEATURES = (4, 192, 192), (48, 38, 38)


def engine() -> Any:
    """A method that paints a disc somewhere, and is as unsure of every pixel as a model might be."""
    from napari_ovseg._napari.jobs.engine import Engine
    from napari_ovseg.segmentation import Segmentation, State

    rng = np.random.default_rng(0)

    def segment(image: Any, settings: Any, *, on_pseudo_labels: Any, **_how: Any) -> Segmentation:
        rows, columns = np.ogrid[:SIDE, :SIDE]
        row, column = rng.integers(100, SIDE - 100, 2)
        masks = ((rows - row) ** 2 + (columns - column) ** 2 < 90**2).astype(np.uint8)
        sure = rng.random((SIDE, SIDE), np.float32)
        on_pseudo_labels(masks, sure)
        names = settings.sought
        scores = rng.random(SCORES, np.float32)
        return Segmentation(
            categories=names,
            background=None,
            relevance=scores[1:],
            pseudo_labels=masks,
            masks=masks.copy(),
            human=np.full_like(masks, 255),
            confidence=sure,
            presence=np.ones(len(names), np.float32),
            record={"model": "demo", "absent": [], "warnings": []},
            state=State(tuple(range(1, len(names) + 1)), scores, rng.random(FEATURES, np.float32)),
        )

    return Engine(lambda name, **_settings: SimpleNamespace(name=name), segment, None, None, None)


def main(slices: int = 200) -> None:
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_ovseg._napari.panel.slices_row import ALL
    from napari_ovseg._napari.widget import OpenVocabularyWidget

    viewer = napari.Viewer()
    widget = OpenVocabularyWidget(viewer, engine())
    viewer.window.add_dock_widget(widget)
    stack = np.random.default_rng(1).integers(0, 256, (slices, SIDE, SIDE), np.uint8)
    viewer.add_image(stack, name="stack", contrast_limits=(0, 255))
    widget.form.slices.scope.setCurrentText(ALL)
    widget.form.names.setPlainText(NAMES)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    widget.form.run.click()
    while widget.busy:
        QApplication.instance().processEvents()
        time.sleep(0.001)
    gc.collect()
    found = tracemalloc.take_snapshot().compare_to(before, "lineno")
    total = sum(one.size_diff for one in found)
    print(f"{slices} slices: {total / 2**20:.0f} MiB, {total / slices / 2**20:.2f} MiB a slice")
    for one in found[:14]:
        frame = one.traceback[0]
        file = "/".join(frame.filename.split("/")[-2:])
        print(f"{one.size_diff / slices / 2**20:6.2f} MiB a slice  {file}:{frame.lineno}")
    viewer.close()


if __name__ == "__main__":
    typer.run(main)
