"""napari's windows as tests share them, since building one takes longer than most tests.

None comes to the screen: a window that is drawn draws what a test has left behind, and crashes.
"""

from __future__ import annotations

import copy
import gc
import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import napari
import pytest
from napari import plugins
from napari._app_model._app import NapariApplication, _napari_names
from napari._qt import qt_main_window
from napari._qt._qapp_model import qactions
from napari._qt.qt_viewer import QtViewer
from napari._vispy import canvas
from napari.settings import get_settings
from napari.utils.events import EventedModel
from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QEvent, Qt
from qtpy.QtWidgets import QApplication


def own_values(model: EventedModel) -> Iterator[tuple[EventedModel, str, Any]]:
    """All that can be set in a viewer, but for its layers, as (part of the viewer, name, value)."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, EventedModel):
            yield from own_values(value)
        elif isinstance(value, Mapping):
            for overlay in value.values():
                yield from own_values(overlay)
        elif name != "layers" and not field.frozen:
            yield model, name, copy.copy(value)


def strangers(viewer: napari.Viewer) -> list[object]:
    """What hears a viewer's events, and is no part of napari."""
    parts = {id(part): part for part, _, _ in own_values(viewer)}
    found = []
    for part in (viewer.layers, viewer.layers.selection, *parts.values()):
        for emitter in getattr(part.events, "emitters", {}).values():
            for callback in emitter.callbacks:
                owner = callback[0]() if isinstance(callback, tuple) else callback
                module = getattr(owner, "__module__", "")
                if owner is not None and not module.startswith("napari."):
                    found.append(owner)
    return found


def kept_of_viewers() -> Iterator[WeakKeyDictionary[Any, Any]]:
    """What modules of the package keep for as long as a viewer, or something else, lasts."""
    rooms = [module for name, module in sys.modules.items() if name.startswith("napari_ovseg._napari")]
    for kept in (value for room in rooms for value in vars(room).values()):
        if isinstance(kept, WeakKeyDictionary):
            yield kept


def nothing(*_: object) -> None:
    """Do nothing."""


class HiddenWindow:
    """A viewer that remembers how it was built."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer(show=False, show_welcome_screen=False)
        self.main = self.viewer.window._qt_window
        self.main.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        # What nobody sees took a tenth of a test: frames and brushes of each layer, and being asked
        # with each event of each widget whether a menu bar that is hidden is to be shown.
        self.main._qt_viewer.canvas._update_layer_overlays = nothing
        QApplication.instance().removeEventFilter(self.main)
        self._values, self._keymap = list(own_values(self.viewer)), dict(self.viewer.keymap)
        self._children = set(self.main.children())

    def clear(self) -> bool:
        """Take out what a test has put in; whether nothing of it is left."""
        self.main.hide()
        for dock in list(self.viewer.window._wrapped_dock_widgets.values()):
            dock.destroyOnClose()
        with pytest.MonkeyPatch.context() as patch:
            # napari looks for garbage, so that no layer that is gone is drawn; here nothing is drawn
            patch.setattr(canvas, "gc", SimpleNamespace(collect=nothing))
            self.viewer.layers.clear()
        for of_viewers in kept_of_viewers():
            of_viewers.pop(self.viewer, None)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        for model, name, value in self._values:
            setattr(model, name, copy.copy(value))
        self.viewer.keymap.clear()
        self.viewer.keymap.update(self._keymap)
        self.viewer.window._unnamed_dockwidget_count = 1
        return not strangers(self.viewer) and self._children.issuperset(self.main.children())

    def close(self) -> None:
        """Close it for good, where no test has."""
        if hasattr(self.viewer.window, "_qt_window") and isalive(self.main._qt_viewer):
            self.main._save_current_window_settings = nothing
            self.viewer.close()


class HiddenWindows:
    """Builds a window where all that there are have been lent, or could not be cleared."""

    def __init__(self) -> None:
        self.app = NapariApplication("hidden windows")
        self.app.injection_store.namespace = _napari_names
        self._built = False
        self._free: list[HiddenWindow] = []
        self._lent: list[HiddenWindow] = []

    def lend(self, *, show: bool) -> napari.Viewer:
        """A viewer without layers, which is napari's current one; `show` lays it out."""
        get_settings().reset()
        window = self._free.pop() if self._free else self._build()
        self._lent.append(window)
        qt_main_window._QtMainWindow._instances.append(window.main)
        if show:
            window.viewer.window.show()
        return window.viewer

    def _build(self) -> HiddenWindow:
        with pytest.MonkeyPatch.context() as patch:
            if self._built:
                # all actions are those of the application already
                patch.setattr(plugins, "_initialize_plugins", nothing)
                patch.setattr(qt_main_window, "init_qactions", nothing)
            else:
                plugins._initialize_plugins.cache_clear()
                qactions.init_qactions.cache_clear()
            window = HiddenWindow()
        self._built = True
        gc.collect()
        # or napari goes through all of it with each layer that is removed
        gc.freeze()
        # napari's own fixture expects that no other window is there
        QtViewer._instances.discard(window.main._qt_viewer)
        qt_main_window._QtMainWindow._instances.remove(window.main)
        return window

    def take_back(self, *, keep: bool) -> None:
        """Take back all that were lent, and close those that can't be lent again."""
        get_settings().reset()
        windows = qt_main_window._QtMainWindow._instances
        while self._lent:
            window = self._lent.pop()
            is_open = window.main in windows
            if is_open:
                windows.remove(window.main)
            if is_open and keep and window.clear():
                self._free.append(window)
            else:
                window.close()
        gc.collect(1)

    def close(self) -> None:
        """Close all, and make sure that nothing that tests have left behind holds one of them."""
        held = WeakSet(window.main._qt_viewer for window in self._free)
        while self._free:
            self._free.pop().close()
        gc.unfreeze()
        gc.collect()
        assert len(held) == 0, "something still holds a window that was closed"
