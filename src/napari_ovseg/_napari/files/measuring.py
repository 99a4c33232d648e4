"""Things and exports, as the panel offers them: what is chosen for one is offered for the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.layers.things_layer import Things, find, masks_of, show_things
from napari_ovseg._napari.panel.export_dialog import ExportDialog
from napari_ovseg._napari.panel.things_dialog import ThingsDialog
from napari_ovseg.errors import OvsegError
from napari_ovseg.export.plan import Options

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.files.exporting import Exporting
    from napari_ovseg._napari.panel.save_row import SaveRow

_WHERE = "Select it and open Layers > Metadata > Features table widget to see what was measured of each."


def _none(found: Things) -> str:
    """Say that there is nothing to show, and why where that is known."""
    if found.left_out:
        return f"{found} Choose a smaller area."
    return "There are no things in these masks."


class Measuring(QObject):
    """Opens the dialogs of things and of exports, and measures in the background.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    row : SaveRow
    exporting : Exporting
    current : callable
        ``current() -> Annotated or None``: the picture that is worked on.

    Signals
    -------
    refused(message)
    accepted()
        What was asked for is being done.
    """

    refused = Signal(str)
    accepted = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        row: SaveRow,
        exporting: Exporting,
        current: Callable[[], Annotated | None],
    ) -> None:
        super().__init__(row)
        self._viewer, self._row, self._exporting, self._current = viewer, row, exporting, current
        self._background = Background(self)
        self._options = Options()
        self.dialog: ThingsDialog | None = None
        row.export_requested.connect(self._export)
        row.things_requested.connect(self._offer)

    def _export(self) -> None:
        """Offer to export the work on all pictures in the window."""
        if not self._exporting.listed():
            self.refused.emit("There are no masks to export yet: run first.")
            return
        dialog = ExportDialog(
            self._exporting.listed,
            self._exporting.labelled_pictures,
            self._exporting.folder(),
            self._row,
            stacks=self._exporting.has_stacks,
            before=self._options,
        )
        dialog.chosen.connect(self._keep)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        self.accepted.emit()

    def _offer(self) -> None:
        if self._current() is None:
            self.refused.emit("There are no masks to find things in yet: run first.")
            return
        if self.dialog is None:
            self.dialog = ThingsDialog(self._options, self._row)
            self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.dialog.wanted.connect(self.measure)
            self.dialog.destroyed.connect(partial(setattr, self, "dialog", None))
        self.dialog.show()
        self.dialog.raise_()
        self.accepted.emit()

    def _keep(self, options: Options) -> None:
        self._options = options

    def measure(self, options: Options) -> None:
        """Look for things in the masks as they are now; the person works on meanwhile."""
        annotated = self._current()
        self._keep(options)
        if annotated is None:
            self._tell("There are no masks to find things in: run first.")
            return
        if self.dialog is not None:
            self.dialog.show_measuring()
        work = partial(find, masks_of(annotated), options)
        self._background.start(work, partial(self._show, annotated))

    def _show(self, annotated: Annotated, outcome: Future[Things]) -> None:
        try:
            found = outcome.result()
            if gone := self._what_became_of(annotated):
                self._tell(gone)
                return
            if not len(found.columns.get("id", ())):
                self._tell(_none(found))
                return
            layer = show_things(self._viewer, annotated, found)
        except (OvsegError, MemoryError) as error:
            self._tell(str(error) or "There is not enough memory to measure these things.")
        except Exception as error:
            self._tell(f"Something went wrong that should not ({type(error).__name__}: {error}).")
        else:
            self._tell(f"{found} They are the layer '{layer.name}'. {_WHERE}")

    def _what_became_of(self, annotated: Annotated) -> str:
        """Say why things would lie over nothing, or over another picture; "" where they would not."""
        image = annotated.image
        if image not in self._viewer.layers:
            return f"'{image.name}' was removed meanwhile."
        if annotated.key != picture_key(image):
            return f"'{image.name}' shows another picture now, so the things that were found are not shown."
        return ""

    def _tell(self, text: str) -> None:
        if self.dialog is not None:
            self.dialog.show_outcome(text)
