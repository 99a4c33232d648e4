"""Take the pictures of the documentation from the real window, with the bundled model.

Run from the repository: ``xvfb-run -a -s "-screen 0 1400x900x24" python docs/images/make_screenshots.py``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_ovseg._napari.widget import OpenVocabularyWidget

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1280, 800


def wait(widget: OpenVocabularyWidget, seconds: float = 1.0) -> None:
    """Let the window live until the run is over, and a little longer for it to be drawn."""
    from qtpy.QtWidgets import QApplication

    since = time.monotonic()
    while widget.busy or time.monotonic() - since < seconds:
        QApplication.processEvents()
        if widget.busy:
            since = time.monotonic()
        time.sleep(0.01)


def shoot(viewer: Viewer, widget: OpenVocabularyWidget, name: str) -> None:
    """Save the whole window as a small PNG."""
    viewer.reset_view()
    wait(widget)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    # A palette keeps the repository small; the window has few colours besides the picture's.
    picture = Image.fromarray(pixels).convert("RGB")
    # an octree keeps the colours of the small swatches in the table
    picture = picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    picture.save(HERE / name, optimize=True)
    print(f"{name}: {widget.form.message.text()}")


def main() -> None:
    """Shoot the README's window, a generated scene, and its things."""
    from napari_ovseg._napari.launch import build_window, load_torch

    load_torch()
    from napari.layers import Layer

    from napari_ovseg._napari.files.samples import generated_scene
    from napari_ovseg._napari.panel.model_choice import BUNDLED, model_choices

    viewer, widget = build_window()
    viewer.layers.extend([Layer.create(*layer) for layer in generated_scene()])
    widget.form.offer_models(model_choices(), BUNDLED)
    widget.start()
    viewer.window.resize(WIDTH, HEIGHT)
    wait(widget)
    shoot(viewer, widget, "window.png")
    show_things(viewer, widget)
    shoot(viewer, widget, "things.png")
    viewer.close()


def show_things(viewer: Viewer, widget: OpenVocabularyWidget) -> None:
    """Measure the things, and show the table of them below the picture."""
    from qtpy.QtCore import Qt

    from napari_ovseg.export.plan import Options

    widget.measuring.measure(Options(smallest_area=5))
    wait(widget, 3)
    for layer in viewer.layers[1:-1]:
        layer.visible = False
    dock, _ = viewer.window.add_plugin_dock_widget("napari", "Features table widget")
    viewer.window._qt_window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)


if __name__ == "__main__":
    main()
