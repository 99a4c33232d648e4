"""Another picture is put into a layer: the work on the first is kept, and the second starts clean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.layers.picture_choice import PictureChoice
from napari_ovseg._napari.layers.shown_pictures import ShownPictures
from napari_ovseg._napari.saving.session import Session

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


class Replacing(QObject):
    """Turns the panel to the other picture of a layer, and says so.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    session : Session
    pictures : PictureChoice
    stop : callable
        ``stop(image) -> bool``: ends what works on a picture, and tells whether there was something.
    parent : QObject

    Signals
    -------
    said(message, is_error)
    back()
        An earlier picture is in its layer again, and so is its work.
    """

    said = Signal(str, bool)
    back = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        session: Session,
        pictures: PictureChoice,
        stop: Callable[[Image], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._pictures, self._stop = session, pictures, stop
        self._what_became = ""
        self._shown = ShownPictures(viewer, self)
        self._shown.leaving.connect(self._leave)
        self._shown.replaced.connect(self._show)
        self._shown.start()

    @property
    def busy(self) -> bool:
        """Whether a picture is being looked at closely."""
        return self._shown.busy

    def _leave(self, image: Image) -> None:
        """End what is done to the picture that was there, and save it."""
        current = self._session.annotator.current
        work = current if current is not None and current.image is image else None
        stopped = self._stop(image)
        self._session.leave(image)
        said = [f"'{image.name}' shows another picture now."]
        if stopped:
            said.append("What was running was stopped.")
        if work is not None:
            kept = "is saved" if self._session.autosave.by_itself else "is kept until you save it"
            layers = f"Work on the one before {kept}, and its layers" if work.worth_saving else "Its layers"
            said.append(f"{layers} are hidden; this one starts clean.")
        self._what_became = " ".join(said) if stopped or work is not None else ""

    def _show(self, image: Image, back: bool) -> None:
        self._session.show_other(image)
        name = image.name
        if self._pictures.image is not image:
            return
        # channels, slices and labels that fit are those of this picture
        self._pictures.chosen.emit()
        if back and self._session.annotator.current is not None:
            self.back.emit()
            self.said.emit(f"'{name}' shows an earlier picture again: its layers are back.", False)
        elif self._what_became:
            self.said.emit(self._what_became, False)
