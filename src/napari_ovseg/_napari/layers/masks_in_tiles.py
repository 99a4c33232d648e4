"""The masks of a large picture as a layer: at full detail read from the disk, as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.adding import add
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.placement import Placement
from napari_ovseg._napari.layers.result_layers import placed_like
from napari_ovseg._napari.layers.source import LONGEST_SIDE, shapes_of
from napari_ovseg.categories import labels_dtype
from napari_ovseg.views.large import LARGE

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

# pixels along the longer side of levels that are kept in memory
IN_MEMORY = (4096, 1024)


def suits_tiles(image: Image | None) -> bool:
    """Whether a run in tiles shows more of a picture than a run of all at once: flat, and large."""
    if image is None or image.ndim != 2:
        return False
    height, width = shapes_of(image)[0]
    # of several levels a run of all at once reads one of this side
    return max(height, width) > LONGEST_SIDE if image.multiscale else height * width > LARGE


class MasksInTiles:
    """A labels layer that fills while its masks are being written; to look at, not to paint on.

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
        self.size: tuple[int, int] = (shapes_of(image)[0][0], shapes_of(image)[0][1])
        longest = max(self.size)
        self._steps = [max(2, -(-longest // side)) for side in IN_MEMORY]
        dtype = labels_dtype(len(legend.labels))
        self._coarser = [
            np.zeros([-(-length // step) for length in self.size], dtype) for step in self._steps
        ]
        self._placed = placed_like(image, Placement((0, 1), (1.0, 1.0), self.size, (), ()))
        self._name = f"{image.name} masks in tiles"
        self.layer: Any = None

    @property
    def is_shown(self) -> bool:
        """Whether the layer is in the viewer."""
        return self.layer in self._viewer.layers

    def show(self, core: tuple[slice, slice], masks: NDArray[np.unsignedinteger[Any]], folder: Path) -> None:
        """Show a tile that is on the disk, in a folder of masks: `large.masks_folder`."""
        for step, coarser in zip(self._steps, self._coarser, strict=True):
            # the pixels of the picture that a coarser level has, every step-th from the first on
            starts = [-(-part.start // step) for part in core]
            rows, columns = (start * step - part.start for start, part in zip(starts, core, strict=True))
            part = masks[rows::step, columns::step]
            coarser[starts[0] : starts[0] + part.shape[0], starts[1] : starts[1] + part.shape[1]] = part
        if self.layer is None:
            self._add(folder)
        else:
            self.layer.refresh()

    def read_from(self, folder: Path) -> None:
        """Read the masks from another folder from now on, to which they were moved."""
        if self.layer is not None:
            self.layer.data = self._levels(folder)

    def _levels(self, folder: Path) -> list[Any]:
        import zarr

        return [zarr.open_array(str(folder / "0"), mode="r"), *self._coarser]

    def _add(self, folder: Path) -> None:
        from napari.layers import Labels

        self.layer = Labels(
            self._levels(folder),
            name=self._name,
            multiscale=True,
            opacity=0.6,
            colormap=self._legend.colormap(),
            features=self._legend.features,
            **self._placed,
        )
        add(self._viewer, self.layer)
