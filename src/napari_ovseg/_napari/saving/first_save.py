"""Saying once where the work goes, since nobody has pressed a button to save it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.panel.save_row import SaveRow
from napari_ovseg._napari.remembered import remembered
from napari_ovseg.annotation.places import own_sidecars
from napari_ovseg.file_names import as_text


class FirstSave(QObject):
    """Says where work is saved the first time that it is, and offers another place.

    That is said once for all windows and starts: once of work beside its picture, once of work in the user's
    own data folder, and once of work in a folder that was chosen for all.

    Parameters
    ----------
    row : SaveRow
        Where another folder can be chosen, now and later.
    chosen : callable
        ``chosen() -> Path | None``: the folder that was chosen for all work.
    by_itself : callable
        ``by_itself() -> bool``: whether nobody has to ask for it.
    """

    def __init__(
        self, row: SaveRow, chosen: Callable[[], Path | None], by_itself: Callable[[], bool]
    ) -> None:
        super().__init__(row)
        self._row, self._chosen, self._by_itself = row, chosen, by_itself
        self._folder: Path | None = None
        self._settings = remembered()
        # a window that saves while it is closed has no room for a notice any more
        self._soon = single_shot(self, self._say)

    def tell(self, folder: Path) -> None:
        """Say that work is in this folder, unless that was said of one of this kind before."""
        if not self._settings.contains(self._key(folder)):
            self._folder = folder
            self._soon.start(0)

    def _say(self) -> None:
        from napari.utils.notifications import Notification, NotificationSeverity, notification_manager

        # a row that is hidden now may be shown at the next save
        if self._folder is None or not self._row.isVisible():
            return
        self._settings.setValue(self._key(self._folder), "yes")
        # napari shows the first words, and the rest on request
        when = "all that you paint, within seconds" if self._by_itself() else "each time that you press Save"
        text = (
            f"Work is saved in {as_text(self._folder.name)}, which is in {as_text(self._folder.parent)}: "
            f"{when}. 'Save to' in the panel chooses another place."
        )
        # napari keeps its notices, and the panel may be closed
        panel = ref(self._row)
        actions: Any = [("Save elsewhere...", lambda _notice: (row := panel()) and row.choose_folder())]
        notification_manager.dispatch(Notification(text, severity=NotificationSeverity.INFO, actions=actions))

    def _key(self, folder: Path) -> str:
        kind = "own" if own_sidecars() in folder.parents else "beside"
        return f"said_where_work_is/{'chosen' if self._chosen() in folder.parents else kind}"
