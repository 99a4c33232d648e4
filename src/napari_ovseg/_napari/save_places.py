"""Where the work on each picture is saved, and what is there: found out in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QSettings, Signal

from napari_ovseg._napari.picture_file import file_of, files_of
from napari_ovseg._napari.resume import ResumeOffer
from napari_ovseg._napari.save_row import SaveRow
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.errors import OutputError

if TYPE_CHECKING:
    from napari.layers import Image

_CHOSEN, _EARLIER = "sidecar_folder", "earlier_sidecar_folders"
# Each is looked through for every picture that is opened.
_MOST_EARLIER = 5


class SavePlaces(QObject):
    """Looks up each picture once, and moves with the folder that a person chooses.

    Parameters
    ----------
    offer : ResumeOffer
        Does the looking.
    row : SaveRow
        Where a folder is chosen.

    Signals
    -------
    looked_up(Image)
        It is known where work on this picture belongs.
    moved()
        Another folder was chosen.
    said(message, is_error)
    """

    looked_up = Signal(object)
    moved = Signal()
    said = Signal(str, bool)

    def __init__(self, offer: ResumeOffer, row: SaveRow, parent: QObject) -> None:
        super().__init__(parent)
        self._offer, self._row = offer, row
        self.found: dict[str, Found] = {}
        self._failed: dict[str, str] = {}
        # under which folder each picture is being looked up
        self._looking: dict[str, Path | None] = {}
        self._first_of: dict[str, str] = {}
        self._settings = QSettings("napari-ovseg", "napari-ovseg")
        chosen = str(self._settings.value(_CHOSEN, "") or "")
        self.elsewhere = Path(chosen) if chosen else None
        row.show_folder(self.elsewhere)
        row.folder_chosen.connect(self.choose)
        offer.found.connect(self._looked)
        offer.failed.connect(self._not_looked)
        offer.declined.connect(self._declined)

    def of(self, image: Image) -> Found | None:
        """Where work on a picture belongs, None as long as that is being looked up.

        Raises
        ------
        OutputError
            When it can't be found out.
        """
        key = str(image.unique_id)
        if key not in self.found and key in self._failed:
            reason = self._failed[key]
            self.look_up(image)
            raise OutputError(f"{reason} Choose a folder for it with 'Save to'.")
        return self.found.get(key)

    def look_up(self, image: Image, model: str | None = None) -> None:
        """Look for work on a picture, and offer it; what is known already is only offered."""
        key = str(image.unique_id)
        if key in self._looking:
            return
        if key in self.found:
            self._offer.offer(self.found[key])
            return
        pixels = image.data[0] if image.multiscale else image.data
        path, files = file_of(image), files_of(image)
        self._looking[key] = self.elsewhere
        self._offer.look(
            image.name,
            pixels,
            path,
            elsewhere=self.elsewhere,
            earlier=self._earlier(),
            model=model,
            part=self._part(image, files or path),
            files=files,
            picture=image,
        )

    def choose(self, folder: Path | None) -> None:
        """Save all work in a folder from now on, or beside its pictures."""
        earlier = [str(one) for one in (self.elsewhere, *self._earlier()) if one not in (None, folder)]
        self._settings.setValue(_EARLIER, "\n".join(dict.fromkeys(earlier[:_MOST_EARLIER])))
        self._settings.setValue(_CHOSEN, "" if folder is None else str(folder))
        self.elsewhere = folder
        self._row.show_folder(folder)
        for key, found in self.found.items():
            self.found[key] = found.saved_in(folder)
        self.moved.emit()

    def _earlier(self) -> list[Path]:
        """Folders that were chosen before."""
        lines = str(self._settings.value(_EARLIER, "") or "").splitlines()
        return [Path(line) for line in lines]

    def forget(self, image: Image) -> None:
        """A layer was removed: the next one of its file is its first again."""
        self._first_of = {file: key for file, key in self._first_of.items() if key != str(image.unique_id)}

    def _part(self, image: Image, path: Any) -> str:
        """What tells the layers of one file apart: all but the first go by their name."""
        first = self._first_of.setdefault(str(path), str(image.unique_id)) if path else ""
        return image.name if path and first != str(image.unique_id) else ""

    def _looked(self, found: Found, image: Image) -> None:
        key = str(image.unique_id)
        if self._looking.pop(key, self.elsewhere) != self.elsewhere:
            found = found.saved_in(self.elsewhere)
        self.found[key] = found
        self._failed.pop(key, None)
        if found.problem:
            self.said.emit(f"{found.problem} What you do is saved in {found.place}.", True)
        self.looked_up.emit(image)

    def _not_looked(self, reason: str, image: Image) -> None:
        key = str(image.unique_id)
        self._looking.pop(key, None)
        self._failed[key] = reason
        self.said.emit(reason, True)

    def _declined(self, found: Found) -> None:
        """Who starts afresh is not asked again."""
        for key, known in self.found.items():
            if known.sidecar is not None and known.sidecar == found.sidecar:
                self.found[key] = known.without_offer()
