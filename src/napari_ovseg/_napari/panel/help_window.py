"""The list of keys, those of the panel and those of napari that annotators need, and the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QImage, QTextDocument
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.keys import KEYS, WHAT, key_text

# Of napari's own actions those that an annotator uses all day, in our words: its own are whole sentences.
_TOOLS: Mapping[str, str] = {
    "activate_labels_paint_mode": "Brush",
    "activate_labels_erase_mode": "Eraser",
    "activate_labels_fill_mode": "Fill a region",
    "activate_labels_polygon_mode": "Polygon",
    "complete_polygon": "Close the polygon",
    "reset_polygon": "Give the polygon up",
    "activate_labels_picker_mode": "Pick the label under the mouse",
    "activate_labels_pan_zoom_mode": "Move and zoom",
    "hold_for_pan_zoom": "Move and zoom, while it is held",
    "decrease_brush_size": "Smaller brush",
    "increase_brush_size": "Larger brush",
    "swap_selected_and_background_labels": "Swap the label with the background",
    "toggle_preserve_labels": "Paint only where nothing is",
    "toggle_selected_visibility": "Show or hide the layer",
    "reset_view": "See the whole picture",
}
_IN_TABLE = (
    ("Up, Down, Home, End", "Another row"),
    ("F2", "Rename"),
    ("Del", "Delete"),
    ("Space", "On a colour, a lock or an eye: as a click"),
)
_WIDTH = 440
_SMOOTH = Qt.TransformationMode.SmoothTransformation
_UNDO = (("Ctrl+Z", "Undo, of the selected layer"), ("Ctrl+Shift+Z", "Redo"))


class HelpWindow(QDialog):
    """Lists the keys as they are now, and shows the pages of the documentation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and help")
        self.keys = QTextBrowser()
        self.pages = _Pages()
        self.pages.setOpenExternalLinks(True)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.keys, "Keys")
        start = documentation()
        if start is not None:
            self.pages.setSource(QUrl.fromLocalFile(str(start)))
            self.tabs.addTab(self._with_back(), "Documentation")
        self.change = QPushButton("Change keys...")
        self.change.setToolTip("Open Preferences > Shortcuts; ours are under 'Viewer key bindings'.")
        self.change.clicked.connect(_open_preferences)
        self.change.setAutoDefault(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.change, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(buttons)
        self.resize(520, 620)

    def _with_back(self) -> QWidget:
        whole = QWidget()
        back = QPushButton("Back")
        back.setAutoDefault(False)
        back.setEnabled(False)
        back.clicked.connect(self.pages.backward)
        self.pages.backwardAvailable.connect(back.setEnabled)
        row = QHBoxLayout()
        row.addWidget(back)
        row.addStretch(1)
        layout = QVBoxLayout(whole)
        layout.addLayout(row)
        layout.addWidget(self.pages, 1)
        return whole

    def show_keys(self, ours: Mapping[str, str]) -> None:
        """List the keys; `ours` are those of the panel that work, by action."""
        self.keys.setHtml(
            _section("This panel, anywhere in the window", _of_panel(ours))
            + _section("While the table of categories has the focus", _IN_TABLE)
            + _section("napari, while masks are selected", [*_of_napari(), *_UNDO])
        )


class _Pages(QTextBrowser):
    """Shows pictures no wider than the window is at first."""

    def loadResource(self, kind: int, name: QUrl) -> Any:  # noqa: N802
        """Read a page, or a picture in it."""
        content = super().loadResource(kind, name)
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return content
        picture = QImage(self.source().resolved(name).toLocalFile())
        return picture if picture.width() <= _WIDTH else picture.scaledToWidth(_WIDTH, _SMOOTH)


def documentation() -> Path | None:
    """Return the page to begin with, as it was installed or as it lies in the repository."""
    package = Path(str(files("napari_ovseg")))
    pages = (package / "docs" / "window.md", package.parents[1] / "docs" / "window.md")
    return next((page for page in pages if page.is_file()), None)


def _of_panel(ours: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield "?", "This window"
    for name in KEYS:
        if not name.startswith("category_"):
            yield key_text(ours[name]) if name in ours else "no key", WHAT[name]
    numbered = [key_text(ours[name]) for name in KEYS if name.startswith("category_") and name in ours]
    if numbered:
        yield f"{numbered[0]} to {numbered[-1]}", "Paint with the category of that number"


def _of_napari() -> Iterable[tuple[str, str]]:
    from napari.utils.action_manager import action_manager
    from napari.utils.interactions import Shortcut

    for name, what in _TOOLS.items():
        keys = [Shortcut(key).platform for key in action_manager._shortcuts.get(f"napari:{name}", ())]
        if keys:
            yield " or ".join(keys), what


def _section(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f"<tr><td width='150'><b>{escape(key)}</b></td><td>{escape(what)}</td></tr>" for key, what in rows
    )
    return f"<h4>{escape(title)}</h4><table cellpadding='3'>{lines}</table>"


def _open_preferences() -> None:
    from napari.utils.action_manager import action_manager

    action_manager.trigger("napari:show_shortcuts")
