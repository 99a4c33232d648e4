"""The protocol of a model that answers with scores at once: no training on the picture follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.models.model import Model


@runtime_checkable
class MaskModel(Model, Protocol):
    """A model that gives the scores of masks: one trained on masks, as `MapModel` is not.

    Attributes
    ----------
    side : int
        Pixels along the longer side of the picture that it is shown; never more than the picture has.
    """

    @property
    def side(self) -> int: ...  # noqa: D102

    def scores(self, picture: NDArray[np.float32], phrases: Sequence[Sequence[str]]) -> Tensor:
        """Say of which category each pixel is.

        Parameters
        ----------
        picture : np.ndarray
            ``(H, W, 3)`` in [0, 1].
        phrases : sequence of C sequences of str
            Each category's name and synonyms.

        Returns
        -------
        torch.Tensor
            ``(C + 1, h, w)``, float32 on the CPU, 0 or more, of any resolution: background first.
        """
