"""Saying once where the work goes, since nobody has pressed a button to save it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.save_row import SaveRow
from napari_ovseg.file_names import as_text


class FirstSave(QObject):
    """Says where work is saved the first time that it is, and offers another place.

    Parameters
    ----------
    row : SaveRow
        Where another folder can be chosen, now and later.
    """

    def __init__(self, row: SaveRow) -> None:
        super().__init__(row)
        self._row = row
        self._folder: Path | None = None
        # a window that saves while it is closed has no room for a notice any more
        self._soon = single_shot(self, self._say)

    def tell(self, folder: Path) -> None:
        """Say that work is in this folder, unless that was said of any before."""
        if self._folder is None:
            self._folder = folder
            self._soon.start(0)

    def _say(self) -> None:
        from napari.utils.notifications import Notification, NotificationSeverity, notification_manager

        if self._folder is None or not self._row.isVisible():
            return
        # napari shows the first words, and the rest on request
        text = (
            f"Work is saved in {as_text(self._folder.name)}, which is in {as_text(self._folder.parent)}: "
            "all that you paint, within seconds. 'Save to' in the panel chooses another place."
        )
        actions: Any = [("Save elsewhere...", lambda _notice: self._row.choose_folder())]
        notification_manager.dispatch(Notification(text, severity=NotificationSeverity.INFO, actions=actions))
