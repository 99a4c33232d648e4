"""A panel that follows the plugin's page in napari's preferences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_ovseg._napari import preferences
from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.outside import Outside

if TYPE_CHECKING:
    from napari_ovseg._napari.panel.form import Form
    from napari_ovseg._napari.saving.autosave import Autosave
    from napari_ovseg._napari.saving.save_places import SavePlaces

# Each letter that is typed there is a change, and each beginning of a path may be a folder.
_CALM_MS = 2000


class PanelPreferences(QObject):
    """Brings to a panel what is chosen there: when it opens, and at each change as long as it is open.

    Parameters
    ----------
    form : Form
        Its preset, and what it says of saving.
    places : SavePlaces
        Its folder for work; a folder chosen in the panel goes into the preferences.
    autosave : Autosave
        Whether it saves by itself, and how long it waits.
    parent : QObject
        The panel.
    """

    def __init__(self, form: Form, places: SavePlaces, autosave: Autosave, parent: QObject) -> None:
        super().__init__(parent)
        self._form, self._places, self._autosave = form, places, autosave
        self._soon = single_shot(self, self._move)
        self._soon.setInterval(_CALM_MS)
        self._outside = Outside(self)
        self._page = preferences.page()
        if self._page is None:
            return
        form.preset.value = self._page.preset
        self._wait()
        self._switch()
        if self._page.folder:
            self._move()
        elif places.elsewhere is not None:
            # chosen before there were preferences
            self._page.folder = str(places.elsewhere)
        self._follow("preset", lambda: setattr(form.preset, "value", self._page.preset))
        self._follow("autosave", self._wait)
        self._follow("save_by_itself", self._switch)
        self._follow("folder", self._soon.start)
        places.moved.connect(self._keep_folder)

    def _follow(self, name: str, act: Callable[[], Any]) -> None:
        emitter = getattr(self._page.events, name)

        def changed(_event: Any) -> None:
            act()

        self._outside.hear(emitter, changed)

    def _move(self) -> None:
        folder = Path(self._page.folder).expanduser() if self._page.folder.strip() else None
        there = folder is None or (folder.is_absolute() and folder.is_dir())
        if there and folder != self._places.elsewhere:
            self._places.choose(folder)

    def _wait(self) -> None:
        seconds = self._page.autosave
        self._autosave.set_wait(seconds)
        self._form.saving.show_wait(seconds)

    def _switch(self) -> None:
        by_itself = self._page.save_by_itself
        self._autosave.set_by_itself(by_itself)
        self._form.saving.show_by_itself(by_itself)

    def _keep_folder(self) -> None:
        folder = "" if self._places.elsewhere is None else str(self._places.elsewhere)
        if folder != self._page.folder:
            self._page.folder = folder
