"""A window of a picture, and what coarse maps of the whole picture say in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Window:
    """Pixels of a picture: ``rows`` from ``top`` and ``columns`` from ``left``, of ``size`` (H, W)."""

    top: int
    left: int
    rows: int
    columns: int
    size: tuple[int, int]

    @classmethod
    def whole(cls, size: tuple[int, int]) -> Window:
        """Return the window that is all of a picture of ``size`` (H, W)."""
        return cls(0, 0, *size, size)

    def of(self, maps: torch.Tensor) -> torch.Tensor:
        """Interpolate maps of the whole picture in the pixels of the window, bilinearly.

        Parameters
        ----------
        maps : torch.Tensor
            ``(K, h, w)``, of any resolution.

        Returns
        -------
        torch.Tensor
            ``(K, rows, columns)``, the dtype of the maps: as ``torch.nn.functional.interpolate`` answers for
            the whole picture, but for the rounding of the last bit.
        """
        if (self.rows, self.columns) == self.size:
            return F.interpolate(maps[None], self.size, mode="bilinear", align_corners=False)[0]
        above, below, down = _neighbours(self.top, self.rows, self.size[0], maps.shape[1], maps.dtype)
        left, right, across = _neighbours(self.left, self.columns, self.size[1], maps.shape[2], maps.dtype)
        wide = maps[:, :, left] * (1 - across) + maps[:, :, right] * across
        return wide[:, above] * (1 - down)[:, None] + wide[:, below] * down[:, None]


def _neighbours(
    start: int, count: int, pixels: int, cells: int, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The cells before and after the centre of each pixel, and how far it is towards the second."""
    places = (torch.arange(start, start + count, dtype=dtype) + 0.5) * (cells / pixels) - 0.5
    places = places.clamp_min(0)
    before = places.long().clamp_max(cells - 1)
    return before, (before + 1).clamp_max(cells - 1), places - before
