"""Masks of a large picture as a layer that fills as they are written: at full detail read from the disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_ovseg._napari.layers.adding import add
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.placement import Placement
from napari_ovseg._napari.layers.result_layers import placed_like
from napari_ovseg._napari.layers.source import LONGEST_SIDE, shapes_of
from napari_ovseg.categories import labels_dtype
from napari_ovseg.views.tiled import TILED_FROM

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

Ids = NDArray[np.unsignedinteger[Any]]
# pixels along the longer side of levels that are kept in memory
IN_MEMORY = (4096, 1024)
# a layer that is drawn anew with each tile would make the window slow where tiles come fast
_REFRESH_MS = 200


def suits_tiles(image: Image | None) -> bool:
    """Whether a run in tiles shows more of a picture than a run of all at once: flat, and large."""
    if image is None or image.ndim != 2:
        return False
    height, width = shapes_of(image)[0]
    # of several levels a run of all at once reads one of this side
    return max(height, width) > LONGEST_SIDE if image.multiscale else height * width > TILED_FROM


def steps_for(size: tuple[int, int]) -> tuple[int, ...]:
    """Every which pixel of a picture each level has that is kept in memory."""
    return tuple(max(2, -(-max(size) // side)) for side in IN_MEMORY)


def coarser(core: tuple[slice, slice], masks: Ids, steps: Sequence[int]) -> list[tuple[int, int, Ids]]:
    """Return what levels in memory show of a tile: of each its first row and column there, and the ids."""
    found = []
    for step in steps:
        top, left = (-(-part.start // step) for part in core)
        rows, columns = top * step - core[0].start, left * step - core[1].start
        found.append((top, left, masks[rows::step, columns::step].copy()))
    return found


class GrowingMasks:
    """A labels layer of masks that are being written; to look at, not to paint on.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image
        The picture, for which `suits_tiles` holds.
    legend : Legend
        Names and colours.
    """

    def __init__(self, viewer: ViewerModel, image: Image, legend: Legend) -> None:
        self._viewer, self._legend = viewer, legend
        height, width = shapes_of(image)[0]
        dtype = labels_dtype(len(legend.labels))
        self._coarser = [
            np.zeros((-(-height // step), -(-width // step)), dtype) for step in steps_for((height, width))
        ]
        self._placed = placed_like(image, Placement((0, 1), (1.0, 1.0), (height, width), (), ()))
        self._name = f"{image.name} masks in tiles"
        self._fresh = True
        self._refreshing = QTimer()
        self._refreshing.setSingleShot(True)
        self._refreshing.timeout.connect(self._refresh)
        self.layer: Any = None

    @property
    def is_shown(self) -> bool:
        """Whether the layer is in the viewer."""
        return self.layer in self._viewer.layers

    def begin(self) -> None:
        """Let the first tile that comes take the place of what the run before has shown."""
        self._fresh = True

    def show(self, tile: Sequence[tuple[int, int, Ids]], folder: Path) -> None:
        """Show a tile that is on the disk.

        Parameters
        ----------
        tile : sequence
            From `coarser`, by the steps of `steps_for`.
        folder : Path
            Where the level of full detail is, "0".
        """
        fresh, self._fresh = self._fresh, False
        for level, (top, left, ids) in zip(self._coarser, tile, strict=True):
            if fresh:
                level[:] = 0
            level[top : top + ids.shape[0], left : left + ids.shape[1]] = ids
        if fresh:
            self._show([_opened(folder / "0"), *self._coarser])
        elif not self._refreshing.isActive():
            self._refreshing.start(_REFRESH_MS)

    def show_finished(self, folder: Path) -> None:
        """Show masks that are at their place, in a folder of all of their levels."""
        names = sorted((one.name for one in folder.iterdir() if one.name.isdigit()), key=int)
        # napari takes no other number of levels for a layer
        coarser = self._coarser if self.is_shown else [_opened(folder / name) for name in names[1:]]
        self._show([_opened(folder / names[0]), *coarser])

    def _show(self, levels: list[Any]) -> None:
        from napari.layers import Labels

        self._refreshing.stop()
        if self.is_shown:
            self.layer.data = levels
            return
        self.layer = Labels(
            levels,
            name=self._name,
            multiscale=True,
            opacity=0.6,
            colormap=self._legend.colormap(),
            features=self._legend.features,
            **self._placed,
        )
        add(self._viewer, self.layer)

    def _refresh(self) -> None:
        if self.is_shown:
            self.layer.refresh()


def _opened(path: Path) -> Any:
    import zarr

    return zarr.open_array(str(path), mode="r")
