"""What a person who does not know the panel would do now, in one quiet line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.outside import Outside
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.annotating.annotator import Annotator
    from napari_ovseg._napari.layers.picture_choice import PictureChoice
    from napari_ovseg._napari.panel.form import Form

OPEN = "Next: open a picture, or drop one on the window."
RESUME = "Next: Resume the saved work (below), or Ignore it."
DAMAGED = "Next: restore the saved work (below), or Ignore it."
TYPE = "Next: type what is in the picture."
RUN = "Next: press Run."
PAINT = "Next: click a row and paint what is wrong."
UPDATE = "Next: Update masks, so that the rest follows."
EXPORT = "Next: go on correcting, or Export the masks."
DONE = "Next: Export the masks, or open another picture."

# What is typed or painted without a pause asks for no new line.
_PAUSE_MS = 150


class NextStep(QObject):
    """Looks at the panel whenever something was done, and says what comes next.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    form : Form
        Shows it.
    pictures : PictureChoice
    annotator : Annotator
    """

    def __init__(
        self, viewer: ViewerModel, form: Form, pictures: PictureChoice, annotator: Annotator
    ) -> None:
        super().__init__(form)
        self._form, self._pictures, self._annotator = form, pictures, annotator
        self._soon = single_shot(self, self.look)
        self._soon.setInterval(_PAUSE_MS)
        offer = form.resume
        for signal in (
            pictures.chosen,
            form.names.textChanged,
            annotator.changed,
            annotator.updates.shown,
            offer.found,
            offer.accepted,
            offer.declined,
        ):
            signal.connect(self.look_soon)
        Outside(self).hear(viewer.dims.events.current_step, self.look_soon)
        self.look()

    def look_soon(self, *_: object) -> None:
        """Look once things have settled."""
        self._soon.start()

    def look(self) -> None:
        """Say what comes next."""
        self._form.status.show_next_step(self._next())

    def _next(self) -> str:
        if self._pictures.image is None:
            return OPEN
        if not self._form.resume.isHidden():
            return RESUME if self._form.resume.readable else DAMAGED
        current, at = self._annotator.current, self._annotator.position
        if current is None or at is None or not current.is_of(self._pictures.image):
            return RUN if self._can_read_names() else TYPE
        piece = current.pieces.get(at)
        if piece is not None and piece.done:
            return DONE
        if self._annotator.updates.has_news(at) and self._annotator.updates.can_update(at):
            return UPDATE
        if current.has_corrections(at):
            return EXPORT
        return PAINT if current.worked_on(at) else RUN

    def _can_read_names(self) -> bool:
        try:
            categories = parse_categories(self._form.names.toPlainText())
        except InputError:
            return False
        return any(not category.background for category in categories)
