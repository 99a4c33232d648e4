"""Runs of large pictures, tile by tile onto the disk: where to, started, shown as they go, and stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import CANCELLED, Failed, Finished, Progressed
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.runs import report
from napari_ovseg._napari.jobs.tiles import AllWritten, TileDone, TilesRequest, tiles_steps
from napari_ovseg._napari.jobs.time_left import TimeLeft, spoken
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.masks_in_tiles import MasksInTiles
from napari_ovseg._napari.panel.form import Form
from napari_ovseg.categories import void_id
from napari_ovseg.errors import OvsegError
from napari_ovseg.labelled import named_labels

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

ENDING = ".ome.zarr"


class Tiling(QObject):
    """One run in tiles at a time, in turn with other jobs.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    form : Form
    requests : RunRequests
    chosen : callable
        ``chosen() -> Image | None``: the picture that is chosen.
    runner : Runner
    engine : Engine, optional

    Signals
    -------
    started(model, device)
    progressed(stage, done, total, time_left)
    ended(message, is_error)
    """

    started = Signal(str, str)
    progressed = Signal(str, object, object, str)
    ended = Signal(str, bool)

    def __init__(
        self,
        viewer: ViewerModel,
        form: Form,
        requests: RunRequests,
        chosen: Callable[[], Image | None],
        runner: Runner,
        engine: Engine | None = None,
    ) -> None:
        super().__init__()
        self._viewer, self._form, self._requests, self._chosen = viewer, form, requests, chosen
        self._runner, self._engine = runner, engine
        self._time_left = TimeLeft()
        self._request: TilesRequest | None = None
        self._masks: MasksInTiles | None = None
        self._done = self._total = 0
        # what the layer of the last run is of, and the layer
        self._last: tuple[Any, MasksInTiles] | None = None
        self.image: Image | None = None
        """The picture of the run under way."""
        runner.happened.connect(self._on_event)

    def start(self) -> None:
        """Segment all of the picture into a file that is asked for, or say in one sentence why not."""
        image = self._chosen()
        try:
            request = self._requests.gather_tiles(image, self._runner.next_number())
        except OvsegError as error:
            self._form.refuse(str(error))
            return
        if image is None or request is None:
            return
        output = self._ask_where(image)
        if output is None:
            return
        if output.exists() and not self._may_replace(output):
            return
        request = replace(request, output=output, overwrite=output.exists())
        self._masks = self._shown_in(image, request)
        self._request, self.image, self._done, self._total = request, image, 0, 0
        chosen = request.settings
        self._time_left.start((chosen.model, chosen.preset, chosen.method, chosen.device))
        self.started.emit(chosen.model, chosen.device)
        self._runner.start(request.number, partial(tiles_steps, request, self._engine))

    def stop(self, message: str) -> None:
        """End the run; the tiles that are done are kept on the disk, and the next run goes on with them."""
        self._runner.stop()
        reason = "Cancelled." if message == CANCELLED else message
        message = f"{reason} No tile was done."
        if self._done:
            message = (
                f"{reason} {self._done} of {self._total} tiles are done and kept: run it in tiles again, "
                "into the same file, to go on."
            )
        self._end(message, error=False)

    def _ask_where(self, image: Image) -> Path | None:
        """Ask for the file to write; None where the person changes their mind."""
        path = image.source.path
        folder = Path.home() if path is None else Path(path).parent
        stem = image.name if path is None else Path(path).name.split(".")[0]
        proposed = str(folder / f"{stem}-masks{ENDING}")
        # what is there is a folder, which Qt does not ask about
        how = QFileDialog.Option.DontConfirmOverwrite
        chosen, _ = QFileDialog.getSaveFileName(
            self._form, "Write the masks to", proposed, f"OME-Zarr (*{ENDING})", options=how
        )
        if not chosen:
            return None
        return Path(chosen if chosen.endswith(".zarr") else f"{chosen}{ENDING}")

    def _may_replace(self, output: Path) -> bool:
        yes = QMessageBox.StandardButton.Yes
        question = f"{output.name} is there already. Replace it, unless it was made in just the same way?"
        return QMessageBox.question(self._form, "Replace masks", question) == yes

    def _shown_in(self, image: Image, request: TilesRequest) -> MasksInTiles:
        """The layer for a run: that of the last one, where this one goes on with it."""
        labels = named_labels(request.settings.sought)
        of = (image, request.output, labels)
        if self._last is None or self._last[0] != of or not self._last[1].is_shown:
            legend = Legend(labels, void_id(len(labels)))
            self._last = of, MasksInTiles(self._viewer, image, legend)
        return self._last[1]

    def _on_event(self, event: Any) -> None:
        request = self._request
        if request is None or event.number != request.number or self._masks is None:
            return
        if isinstance(event, Progressed):
            self._total = event.total
            left = self._time_left.left(event.stage, event.done, event.total)
            self.progressed.emit(event.stage, event.done, event.total, spoken(left))
        elif isinstance(event, TileDone):
            self._done += 1
            self._masks.show(event.core, event.masks, _masks_folder(request.output, finished=False))
        elif isinstance(event, AllWritten):
            self._masks.read_from(_masks_folder(request.output, finished=True))
            self._end(_told(event, request.output), error=False)
        elif isinstance(event, Failed):
            self._end(event.message, error=True)
            if event.error is not None:
                report(event.error)
        elif isinstance(event, Finished):
            self._end("", error=False)

    def _end(self, message: str, *, error: bool) -> None:
        self._request = self._masks = self.image = None
        self.ended.emit(message, error)


def _masks_folder(output: Path, *, finished: bool) -> Path:
    from napari_ovseg.large.on_disk import masks_folder

    return masks_folder(output, finished=finished)


def _told(event: AllWritten, output: Path) -> str:
    """Say what was found, and where it is."""
    found = [f"'{name}' in {share:.1%}" for name, share in event.share.items() if name not in event.absent]
    said = f"Found {', '.join(found)} of the picture." if found else "Nothing was found."
    if event.absent:
        said += f" Probably absent: {', '.join(event.absent)}."
    return f"{said} The masks are in {output}."
