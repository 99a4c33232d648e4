"""What stands in napari's menus besides the panel itself: it acts on the panel, which it opens if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_ovseg._napari.widget import OpenVocabularyWidget


def run() -> None:
    """Press Run."""
    panel().start()


def update_masks() -> None:
    """Press Update masks."""
    panel().update_masks()


def next_uncertain_place() -> None:
    """Press Next uncertain."""
    panel().form.correct.next_uncertain.click()


def save() -> None:
    """Save all work in the window."""
    panel().session.save()


def export() -> None:
    """Press Export."""
    panel().form.saving.export.click()


def train() -> None:
    """Show the window in which a model is trained."""
    panel().training.open()


def keys_and_help() -> None:
    """Show the list of keys and the documentation."""
    panel().keys.show_window()


def panel() -> OpenVocabularyWidget:
    """Return the panel of the window that is in front, shown; a new one where there is none."""
    from napari import current_viewer

    from napari_ovseg._napari.widget import OpenVocabularyWidget

    viewer: Any = current_viewer()
    window: Any = viewer.window
    docked = window._qt_window.findChildren(OpenVocabularyWidget)
    found = next((one for one in docked if one.isEnabled()), None)
    if found is None:
        _dock, found = window.add_plugin_dock_widget("napari-ovseg")
    dock = found.parentWidget()
    while dock is not None and not dock.inherits("QDockWidget"):
        dock = dock.parentWidget()
    if dock is not None:
        dock.show()
        dock.raise_()
    return found
