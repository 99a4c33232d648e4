"""Runs of large pictures, tile by tile onto the disk: where to, started, shown as they go, and stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import Failed, Progressed
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.runs import report
from napari_ovseg._napari.jobs.tiles import AllWritten, TileDone, TilesRequest, WouldReplace, tiles_steps
from napari_ovseg._napari.jobs.time_left import TimeLeft, spoken
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.growing_masks import GrowingMasks
from napari_ovseg._napari.panel.form import Form
from napari_ovseg.categories import void_id
from napari_ovseg.errors import InputError, OvsegError
from napari_ovseg.labelled import named_labels
from napari_ovseg.views.tiled import TILES

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

UNFINISHED = ".unfinished"


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
        self._masks: GrowingMasks | None = None
        self._done = self._total = self._before = 0
        # what the layer of the last run is of, and the layer
        self._last: tuple[Any, GrowingMasks] | None = None
        # what begins once the run before has ended
        self._anew: tuple[Image, TilesRequest] | None = None
        self.image: Image | None = None
        """The picture of the run under way."""
        runner.happened.connect(self._on_event)
        runner.idle.connect(self._on_idle)

    def start(self) -> None:
        """Segment all of the picture into a file in a folder that is asked for, or say why not."""
        image = self._chosen()
        try:
            request = self._requests.gather_tiles(image, self._runner.next_number())
            if image is None or request is None:
                return
            output = self._ask_where(image)
        except OvsegError as error:
            self._form.refuse(str(error))
            return
        if output is not None:
            self._begin(image, replace(request, output=output))

    def stop(self, why: str = "Cancelled.") -> None:
        """End the run; the tiles that are done are kept on the disk, and the next run goes on with them."""
        if self._total and self._done == self._total:
            self._form.show_message("All tiles are done: wait until the file is at its place.")
            return
        self._runner.stop()
        if not self._total:
            said = f"{why} Tiles of an earlier run into the same file are kept."
        else:
            said = (
                f"{why} {self._done} of {self._total} tiles are done and kept: run it in tiles again, into "
                "the same folder, to go on."
            )
        self._end(said, error=False)

    def forget(self, layer: Any) -> None:
        """A picture was removed: its run ends, and nothing of it is kept in memory."""
        if self.image is not None and layer is self.image:
            self.stop(f"'{layer.name}' was removed, so its run was stopped.")
        if self._last is not None and self._last[0][0] is layer:
            self._last = None

    def _begin(self, image: Image, request: TilesRequest) -> None:
        # a dialog may be open for long
        if self._runner.busy or image not in self._viewer.layers:
            self._form.refuse("Something else was started or removed meanwhile: press Run in tiles again.")
            return
        self._masks = self._shown_in(image, request)
        self._masks.begin()
        self._request, self.image = request, image
        self._done = self._total = self._before = 0
        chosen = request.settings
        self._time_left.start((chosen.model, chosen.preset, chosen.method, chosen.device))
        self.started.emit(chosen.model, chosen.device)
        self._runner.start(request.number, partial(tiles_steps, request, self._engine))

    def _ask_where(self, image: Image) -> Path | None:
        """Ask for the folder of the file to write; None where the person changes their mind.

        Raises
        ------
        InputError
            When it is a part of a Zarr.
        """
        path = image.source.path
        beside = Path.home() if path is None else Path(path).absolute().parent
        stem = plain_name(image.name if path is None else Path(path).name)
        name = f"{stem}-masks.ome.zarr"
        chosen = QFileDialog.getExistingDirectory(self._form, f"A folder for {name}", str(beside))
        if not chosen:
            return None
        if any(part.endswith((".zarr", UNFINISHED)) for part in Path(chosen).parts):
            raise InputError(f"{chosen} is a part of a Zarr, which would be damaged: choose another folder.")
        return Path(chosen) / name

    def _shown_in(self, image: Image, request: TilesRequest) -> GrowingMasks:
        """The layer for a run: that of the last one, where this one writes the same file."""
        labels = named_labels(request.settings.sought)
        of = (image, request.output, labels)
        if self._last is None or self._last[0] != of or not self._last[1].is_shown:
            legend = Legend(labels, void_id(len(labels)))
            self._last = of, GrowingMasks(self._viewer, image, legend)
        return self._last[1]

    def _on_event(self, event: Any) -> None:
        request = self._request
        if request is None or event.number != request.number or self._masks is None:
            return
        if isinstance(event, Progressed):
            self._tell(event)
        elif isinstance(event, TileDone):
            # not all progress is told, but each tile is
            self._done += 1
            self._masks.show(event.tile, _masks_folder(request.output, finished=False))
        elif isinstance(event, AllWritten):
            self._masks.show_finished(_masks_folder(request.output, finished=True))
            self._end(_told(event, request.output), error=False)
        elif isinstance(event, WouldReplace):
            self._ask_to_replace(request)
        elif isinstance(event, Failed):
            self._end(event.message, error=True)
            if event.error is not None:
                report(event.error)

    def _tell(self, event: Progressed) -> None:
        if event.stage == TILES:
            # tiles of an earlier run say nothing of how long the others take
            self._before = event.done if not self._total else self._before
            self._total = event.total
            left = self._time_left.left(event.stage, event.done - self._before, event.total - self._before)
        else:
            left = self._time_left.left(event.stage, event.done, event.total)
        self.progressed.emit(event.stage, event.done, event.total, spoken(left))

    def _ask_to_replace(self, request: TilesRequest) -> None:
        """Begin anew where something is there that was made in another way, if the person wants that."""
        image = self.image
        self._end("Nothing was written.", error=False)
        question = (
            f"{request.output.name}, or a run of it that was stopped, is there already. It was made in "
            "another way: of another picture, or with other names, settings or contrast limits.\n\n"
            "Replace it?"
        )
        yes = QMessageBox.StandardButton.Yes
        if image is not None and QMessageBox.question(self._form, "Replace masks", question) == yes:
            self._anew = image, replace(request, overwrite=True)
            if not self._runner.busy:
                self._on_idle()

    def _on_idle(self) -> None:
        anew, self._anew = self._anew, None
        if anew is not None:
            image, request = anew
            self._begin(image, replace(request, number=self._runner.next_number()))

    def _end(self, message: str, *, error: bool) -> None:
        self._request = self._masks = self.image = None
        self.ended.emit(message, error)


def plain_name(name: str) -> str:
    """The name of a picture file without what says its format.

    Examples
    --------
    >>> plain_name("exp.01.ome.tif"), plain_name("slide")
    ('exp.01', 'slide')
    """
    return re.sub(r"(\.ome)?\.(tiff?|zarr|npy|png|jpe?g|svs|ndpi)$", "", name, flags=re.IGNORECASE)


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
