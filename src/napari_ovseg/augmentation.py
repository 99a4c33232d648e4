"""Test-time augmentation: look at the picture in several ways, and average the maps where they belong.

Zabari & Hoshen (ECCVW 2022), section 3: mirrored, contrast-changed and cropped views. The exact list is not
published; ours is in `PRESETS`, and ``docs/refinement.md`` says what each part of it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.settings import check_preset

Box = tuple[float, float, float, float]

# A window this elongated still shows things at a size that the model knows; beyond, several windows do.
_LONGEST_WINDOW = 1.8
_MOST_ALONG = 6
_MOST_CELLS = 128
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class View:
    """One way to look at the picture.

    Parameters
    ----------
    mirror : bool
        Left and right swapped.
    contrast : float
        Factor on the distance of every pixel to the mean of the view; 1 leaves the picture as it is.
    box : tuple of float
        ``(top, left, bottom, right)`` of the part that is looked at, as fractions of the picture.
    """

    mirror: bool = False
    contrast: float = 1.0
    box: Box = _WHOLE


@dataclass(frozen=True)
class Preset:
    """How many views: every mirror with every contrast, on windows of each zoom (1 is the entire picture)."""

    mirrors: tuple[bool, ...]
    contrasts: tuple[float, ...]
    zooms: tuple[float, ...]


PRESETS: dict[str, Preset] = {
    "fast": Preset((False, True), (1.0,), (1.0,)),
    "balanced": Preset((False, True), (1.0,), (1.0, 1.6)),
    "best": Preset((False, True), (0.8, 1.0, 1.2), (1.0, 1.6, 2.4)),
}


def _starts(length: float, window: float) -> list[float]:
    """Place the fewest equal windows that cover ``length`` and overlap by at least a quarter."""
    if window >= length:
        return [0.0]
    count = 1 + math.ceil((length - window) / (0.75 * window) - 1e-9)
    return [i * (length - window) / (count - 1) for i in range(count)]


def windows(height: int, width: int, zoom: float) -> list[Box]:
    """Overlapping windows that cover a picture of ``height x width`` pixels, in fractions of it.

    Parameters
    ----------
    height, width : int
        Size of the picture in pixels.
    zoom : float
        1 for the entire picture; at 2 a window's sides are half the picture's. Windows of an elongated
        picture are at most 1.8 times as long as wide, unless that would take more than about six along it.
    """
    tall, wide = height / zoom, width / zoom
    longest = max(_LONGEST_WINDOW, max(tall / wide, wide / tall) / _MOST_ALONG)
    tall, wide = min(tall, longest * wide), min(wide, longest * tall)
    return [
        (top / height, left / width, (top + tall) / height, (left + wide) / width)
        for top in _starts(height, tall)
        for left in _starts(width, wide)
    ]


def views_for(preset: str, height: int, width: int) -> list[View]:
    """List the views of a preset for a picture of ``height x width`` pixels, those of all of it first.

    Raises
    ------
    InputError
        When the preset does not exist.
    """
    check_preset(preset)
    chosen = PRESETS[preset]
    return [
        View(mirror, contrast, box)
        for zoom in chosen.zooms
        for box in windows(height, width, zoom)
        for contrast in chosen.contrasts
        for mirror in chosen.mirrors
    ]


def view_size(view: View, height: int, width: int, *, input_size: int, patch_size: int) -> tuple[int, int]:
    """Size ``(h, w)`` to show a view at: aspect kept, whole patches, about ``input_size ** 2`` pixels."""
    top, left, bottom, right = view.box
    tall, wide = (bottom - top) * height, (right - left) * width
    scale = input_size / math.sqrt(tall * wide)
    rows, columns = (max(1, round(side * scale / patch_size)) for side in (tall, wide))
    return rows * patch_size, columns * patch_size


def render(picture: np.ndarray, view: View) -> np.ndarray:
    """Cut out the part of ``picture (H, W, 3)`` that the view looks at, mirrored and contrast-changed."""
    height, width = picture.shape[:2]
    top, left, bottom, right = view.box
    first_row, first_column = int(top * height), int(left * width)
    part = picture[
        first_row : max(first_row + 1, math.ceil(bottom * height)),
        first_column : max(first_column + 1, math.ceil(right * width)),
    ]
    if view.contrast != 1:
        mean = part.mean(dtype=np.float64)
        part = np.clip(mean + view.contrast * (part - mean), 0, 1).astype(np.float32)
    return np.ascontiguousarray(part[:, ::-1] if view.mirror else part)


def extent(views: Sequence[View], sizes: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Rows and columns that the entire picture has at the scale of the finest view."""
    rows, columns = (
        max(
            size[side] / (view.box[side + 2] - view.box[side])
            for view, size in zip(views, sizes, strict=True)
        )
        for side in (0, 1)
    )
    return rows, columns


def fused_grid(views: Sequence[View], grids: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Cells ``(h, w)`` of the fused map: as fine as the finest view, at most 128 on the long side."""
    return shrunk(extent(views, grids), _MOST_CELLS)


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


def normalise(maps: torch.Tensor) -> torch.Tensor:
    """Min-max of each map of ``(C, h, w)`` to [0, 1]; a map that is the same everywhere becomes 0."""
    flat = maps.flatten(1)
    low, high = flat.amin(1), flat.amax(1)
    span = (high - low)[:, None, None]
    # a span of rounding noise is no relevance
    flat_map = span <= 1e-6 * torch.maximum(low.abs(), high.abs())[:, None, None]
    return torch.where(flat_map, 0.0, (maps - low[:, None, None]) / torch.where(flat_map, 1.0, span))


def shrunk(size: Sequence[float], side: float) -> tuple[int, int]:
    """Return the size ``(h, w)``, both 1 at least, of what is shrunk to a long side of ``side`` at most."""
    shrink = min(1.0, side / max(size))
    rows, columns = (max(1, round(length * shrink)) for length in size)
    return rows, columns


def reduce(picture: np.ndarray, side: int) -> np.ndarray:
    """Reduce a picture ``(H, W, 3)``, by averaging, to a long side of ``side`` pixels at most."""
    size = shrunk(picture.shape[:2], side)
    if size == picture.shape[:2]:
        return picture
    planes = F.interpolate(torch.from_numpy(picture).permute(2, 0, 1)[None], size, mode="area")[0]
    return planes.permute(1, 2, 0).contiguous().numpy()
