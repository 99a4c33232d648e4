"""From where to where the values of maps go in a picture, by which they are stretched to [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Span:
    """The least and the greatest value of each of K maps in all of a picture.

    A window is stretched by the span of its picture: by its own, noise would become relevance.

    Attributes
    ----------
    low, high : torch.Tensor
        ``(K, 1, 1)``, on the scale of the maps.
    """

    low: torch.Tensor
    high: torch.Tensor

    @classmethod
    def of(cls, maps: torch.Tensor) -> Span:
        """Return the span of maps ``(K, h, w)`` of an entire picture."""
        flat = maps.flatten(1)
        return cls(flat.amin(1)[:, None, None], flat.amax(1)[:, None, None])

    def stretch(self, maps: torch.Tensor) -> torch.Tensor:
        """Bring maps to [0, 1].

        Parameters
        ----------
        maps : torch.Tensor
            ``(K, h, w)``, of the picture or of any window of it.

        Returns
        -------
        torch.Tensor
            The same shape and dtype; a map that is the same all over the picture becomes 0.
        """
        width = self.high - self.low
        # a span of rounding noise is no relevance
        flat = width <= 1e-6 * torch.maximum(self.low.abs(), self.high.abs())
        return torch.where(flat, 0.0, (maps - self.low) / torch.where(flat, 1.0, width)).clamp(0, 1)
