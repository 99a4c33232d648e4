"""When updates are asked for, and of which slices: by a press, by a choice, or by a stroke when live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.updates import Updates
from napari_ovseg.errors import OvsegError

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position

# A pause in painting after which a live update starts.
_LIVE_MS = 700
_NO_NEWS = "Nothing new was painted. The arrow beside 'Update masks' updates anyway."


class UpdateRequests(QObject):
    """Starts updates.

    Parameters
    ----------
    updates : Updates
    runner : Runner
    current : callable
        ``current() -> (annotated, position)``: the picture under annotation and its slice in view; None for
        none, or where the slider is off the picture.
    wanted_live : callable
        ``wanted_live() -> bool``: whether strokes are to be followed by updates.
    parent : QObject
        With which it ends: no update follows a stroke once the panel is gone.

    Signals
    -------
    said(message)
    refused(message)
    started()
        An update was asked for, and is under way or was refused.
    """

    said = Signal(str)
    refused = Signal(str)
    started = Signal()

    def __init__(
        self,
        updates: Updates,
        runner: Runner,
        current: Callable[[], tuple[Annotated | None, Position | None]],
        wanted_live: Callable[[], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._updates, self._runner = updates, runner
        self._current, self._wanted_live = current, wanted_live
        self._live = single_shot(self, self.update_live)
        self._live.setInterval(_LIVE_MS)

    def update_painted(self) -> None:
        """Update a flat picture, or the slices of a stack with new strokes, or say that there are none."""
        current, here = self._current()
        if current is None or self._runner.busy:
            return
        if not current.masks.placement.stack_axes:
            self.update_masks([()])
        elif news := self._updates.with_news():
            self.update_masks(news)
        elif here is not None and not self._updates.can_update(here):
            # which says why not
            self.update_masks([here])
        else:
            self.said.emit(_NO_NEWS)

    def update_anyway(self, all_slices: bool) -> None:
        """Update the slice in view, or all that were run, painted in or not."""
        current, here = self._current()
        if all_slices and current is not None:
            self.update_masks(sorted(current.pieces))
        elif here is not None:
            self.update_masks([here])

    def update_masks(self, positions: list[Position]) -> None:
        """Run the single-image segmentation of slices again, human pixels held."""
        try:
            self._updates.start(positions)
        except OvsegError as error:
            self.refused.emit(str(error))
        self.started.emit()

    def update_soon(self) -> None:
        """Let an update follow a stroke, after a moment."""
        self._live.start()

    def rest(self) -> None:
        """Let none follow what was painted so far."""
        self._live.stop()

    def update_live(self) -> None:
        """Update the slice in view where that is wanted, something was painted and it is not done."""
        current, here = self._current()
        if current is None or here is None or not self._wanted_live():
            return
        if self._runner.busy:
            self._live.start()
        elif self._is_to_follow(current, here):
            self.update_masks([here])

    def _is_to_follow(self, current: Annotated, here: Position) -> bool:
        """Whether there is a stroke to follow: an update that was undone does not come again by itself."""
        updates = self._updates
        return updates.has_news(here) and updates.can_update(here) and not current.is_taken_back(here)
