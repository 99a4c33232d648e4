"""Maps of several views averaged where they belong in the picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.views.augmentation import Box, View, extent
from napari_ovseg.views.source import shrunk

MOST_CELLS = 128


def fused_grid(
    views: Sequence[View], grids: Sequence[tuple[int, int]], most: int = MOST_CELLS
) -> tuple[int, int]:
    """Cells ``(h, w)`` of the fused map: as fine as the finest view, at most ``most`` on the long side."""
    return shrunk(extent(views, grids), most)


def on_one_grid(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """Stack maps ``(h, w)`` of a picture in the cells of the finest of them, ``(K, h, w)``."""
    finest = max((one.shape for one in maps), key=lambda shape: shape[0] * shape[1])
    return torch.stack(
        [
            one
            if one.shape == finest
            else F.interpolate(one[None, None], tuple(finest), mode="bilinear", align_corners=False)[0, 0]
            for one in maps
        ]
    )


class Fusion:
    """Average of maps of several views, each warped back to where it belongs.

    Parameters
    ----------
    grid : tuple of int
        Cells ``(h, w)`` of the fused map.
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        self.grid = grid
        self._sum: torch.Tensor | None = None
        self._coverage = torch.zeros(grid)

    def add(self, view: View, maps: torch.Tensor) -> None:
        """Add the maps ``(K, gh, gw)`` of one view; a cell counts less towards the border of a crop."""
        if self._sum is None:
            self._sum = torch.zeros(maps.shape[0], *self.grid)
        rows, columns = (self._cells(view.box, side) for side in (0, 1))
        if not (len(rows) and len(columns)):
            return
        v, u = (self._inside(view.box, side, cells) for side, cells in ((0, rows), (1, columns)))
        points = torch.stack(torch.meshgrid(v, -u if view.mirror else u, indexing="ij")[::-1], -1)
        warped = F.grid_sample(
            maps.float().cpu()[None], points[None], padding_mode="border", align_corners=False
        )[0]
        weight = (1.05 - v.abs())[:, None] * (1.05 - u.abs())
        place = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        self._sum[:, *place] += warped * weight
        self._coverage[place] += weight

    def result(self) -> torch.Tensor:
        """Return the fused maps ``(K, h, w)``, float32."""
        if self._sum is None:
            raise InputError("No view was added, so there is nothing to average; add one view or more.")
        return self._sum / self._coverage

    def _cells(self, box: Box, side: int) -> list[int]:
        """Find the cells whose centre lies in the box."""
        count = self.grid[side]
        return [i for i in range(count) if box[side] - 1e-9 <= (i + 0.5) / count <= box[side + 2] + 1e-9]

    def _inside(self, box: Box, side: int, cells: list[int]) -> torch.Tensor:
        """Centres of the cells in coordinates of the box, -1 to 1."""
        centres = (torch.tensor(cells) + 0.5) / self.grid[side]
        return (2 * (centres - box[side]) / (box[side + 2] - box[side]) - 1).clamp(-1, 1)
