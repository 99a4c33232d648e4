"""Where the work on each picture is saved, and what is there: found out in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.layers.picture_file import file_of, files_of
from napari_ovseg._napari.layers.shown import picture_key, shown_by
from napari_ovseg._napari.panel.resume import ResumeOffer
from napari_ovseg._napari.panel.save_row import SaveRow
from napari_ovseg._napari.remembered import remembered
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.errors import OutputError

if TYPE_CHECKING:
    from napari.layers import Image

_CHOSEN, _EARLIER = "sidecar_folder", "earlier_sidecar_folders"
# whether anything was saved in the one that is chosen
_HOLDS_WORK = "sidecar_folder_holds_work"
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
    parent : QObject
    found : dict of str to Found, optional
        What is known already.

    Signals
    -------
    looked_up(Image)
        It is known where work on the picture that this layer shows belongs.
    moved()
        Another folder was chosen.
    said(message, is_error)
    """

    looked_up = Signal(object)
    moved = Signal()
    said = Signal(str, bool)

    def __init__(
        self, offer: ResumeOffer, row: SaveRow, parent: QObject, found: dict[str, Found] | None = None
    ) -> None:
        super().__init__(parent)
        self._offer, self._row = offer, row
        # all by `shown.picture_key`
        self.found: dict[str, Found] = {} if found is None else found
        self._failed: dict[str, str] = {}
        # under which folder each picture is being looked up
        self._looking: dict[str, Path | None] = {}
        self._first_of: dict[str, str] = {}
        self._settings = remembered()
        chosen = str(self._settings.value(_CHOSEN, "") or "")
        self.elsewhere = Path(chosen) if chosen else None
        self._left: Path | None = None
        row.show_folder(self.elsewhere)
        row.folder_chosen.connect(self.choose)
        offer.found.connect(self._looked)
        offer.failed.connect(self._not_looked)
        offer.declined.connect(self._declined)

    def of(self, image: Image, key: str | None = None) -> Found | None:
        """Where work on a picture belongs, None as long as that is being looked up.

        Parameters
        ----------
        image : napari.layers.Image
        key : str, optional
            Of an earlier picture of this layer; by default, of the one that it shows.

        Raises
        ------
        OutputError
            When it can't be found out.
        """
        key = key or picture_key(image)
        if key not in self.found and key in self._failed:
            reason = self._failed[key]
            if key == picture_key(image):
                self.look_up(image)
            raise OutputError(f"{reason} Choose a folder for it with 'Save to'.")
        return self.found.get(key)

    def look_up(self, image: Image, model: str | None = None) -> None:
        """Look for work on a picture, and offer it; what is known already is only offered."""
        key = picture_key(image)
        if key in self._looking:
            return
        if key in self.found:
            self._offer.offer(self.found[key])
            return
        # the layer may hold the next picture already, while work on this one is still to be saved
        pixels = shown_by(image).contents[key].pixels
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
            picture=(image, key),
        )

    def choose(self, folder: Path | None) -> None:
        """Save all work in a folder from now on, or beside its pictures."""
        known = folder in self._earlier()
        if self.elsewhere is not None and self._holds_work:
            self._list(self.elsewhere)
        self._settings.setValue(_HOLDS_WORK, "yes" if known else "no")
        self._settings.setValue(_CHOSEN, "" if folder is None else str(folder))
        self._left, self.elsewhere = self.elsewhere, folder
        self._row.show_folder(folder)
        for key, found in self.found.items():
            self.found[key] = found.saved_in(folder)
        self.moved.emit()

    def keep_in_mind(self, saved: Path) -> None:
        """Something was saved here: the folder that was chosen for it is looked through later too."""
        if self.elsewhere in saved.parents:
            if not self._holds_work:
                self._settings.setValue(_HOLDS_WORK, "yes")
        elif self._left is not None and self._left in saved.parents:
            # another was chosen while it was being written
            self._list(self._left)

    @property
    def _holds_work(self) -> bool:
        # settings of before this was kept may be of a folder with work
        return str(self._settings.value(_HOLDS_WORK, "yes")) == "yes"

    def _list(self, folder: Path) -> None:
        """Remember a folder that holds work."""
        folders = [folder, *(one for one in self._earlier() if one != folder)]
        self._settings.setValue(_EARLIER, "\n".join(map(str, folders[:_MOST_EARLIER])))

    def _earlier(self) -> list[Path]:
        """Folders that were chosen before, and hold work."""
        lines = str(self._settings.value(_EARLIER, "") or "").splitlines()
        return [Path(line) for line in lines if line != str(self.elsewhere)]

    def forget(self, image: Image) -> None:
        """A layer was removed: the next one of its file is its first again."""
        self._first_of = {file: key for file, key in self._first_of.items() if key != str(image.unique_id)}

    def _part(self, image: Image, path: Any) -> str:
        """What tells the layers of one file apart: all but the first go by their name."""
        first = self._first_of.setdefault(str(path), str(image.unique_id)) if path else ""
        return image.name if path and first != str(image.unique_id) else ""

    def _looked(self, found: Found, of: tuple[Image, str]) -> None:
        image, key = of
        if self._looking.pop(key, self.elsewhere) != self.elsewhere:
            found = found.saved_in(self.elsewhere)
        self.found[key] = found
        self._failed.pop(key, None)
        if found.problem:
            self.said.emit(f"{found.problem} What you do is saved in {found.place}.", True)
        if key == picture_key(image):
            self.looked_up.emit(image)

    def _not_looked(self, reason: str, of: tuple[Image, str]) -> None:
        _image, key = of
        self._looking.pop(key, None)
        self._failed[key] = reason
        self.said.emit(reason, True)

    def _declined(self, found: Found) -> None:
        """Who starts afresh is not asked again."""
        for key, known in self.found.items():
            if known.sidecar is not None and known.sidecar == found.sidecar:
                self.found[key] = known.without_offer()
