"""The protocol of a model that says where names are: everything it is asked, whatever it is inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.model import Model


@dataclass(frozen=True)
class Words:
    """All that a model is asked about.

    Attributes
    ----------
    vectors : torch.Tensor
        ``(M, D)``, one vector for each word that gets a map, as `MapModel.encode` gives it.
    owners : torch.Tensor
        ``(M,)``, integers: 0..N-1 the category of each word, N for those of a pack.
    rivals : torch.Tensor or None
        ``(B, D)``: words of a pack that get no map, for methods in which words compete.
    """

    vectors: Tensor
    owners: Tensor
    rivals: Tensor | None = None


@dataclass(frozen=True)
class Seen:
    """What a model says of V views that are shown at one size, in cells of its patch size.

    Attributes
    ----------
    vectors : torch.Tensor
        ``(V, D)``, float32: one for each view as a whole. Its product with that of a phrase says how true the
        phrase is: the cosine of unit vectors, or whatever `Likeness` reads.
    maps : torch.Tensor or None
        ``(V, M, h, w)``, float32: where each word is, by the method that was asked for; any scale.
    features : torch.Tensor or None
        ``(V, F, h, w)``, float32: what the cells look like, by which like ones are found; None where the
        model has none.
    """

    vectors: Tensor
    maps: Tensor | None = None
    features: Tensor | None = None


@runtime_checkable
class MapModel(Model, Protocol):
    """A model that gives one rough map for each word: CLIP towers, and what other packages bring.

    Attributes
    ----------
    likeness : Likeness
        How its cosines say whether a word is true.
    input_size : int
        Side, in pixels, of the square that a view is shown at; a view of another aspect has as many pixels.
    patch_size : int
        Side, in pixels, of a cell of its maps; the sides of a view are multiples of it.
    """

    @property
    def likeness(self) -> Likeness: ...  # noqa: D102

    @property
    def input_size(self) -> int: ...  # noqa: D102

    @property
    def patch_size(self) -> int: ...  # noqa: D102

    def encode(self, phrases: Sequence[str], *, templates: tuple[str, ...] | None = None) -> Tensor:
        """Return one vector per phrase, a unit vector unless the likeness is of shares.

        Parameters
        ----------
        phrases : sequence of str
        templates : tuple of str, optional
            Other prompts around a phrase than the model's own, with ``{}`` where it goes; a model that reads
            words alone may ignore them.

        Returns
        -------
        torch.Tensor
            ``(N, D)``, float32, on the CPU.

        Raises
        ------
        InputError
            When a phrase is empty or too long for the model.
        """

    def see(
        self,
        views: Sequence[NDArray[np.float32]],
        size: tuple[int, int],
        words: Words | None = None,
        method: str | None = None,
    ) -> Seen:
        """Look at views of a picture.

        Parameters
        ----------
        views : sequence of np.ndarray
            ``(H, W, 3)`` in [0, 1], each of any size.
        size : tuple of int
            Height and width to show them at, multiples of `patch_size`.
        words : Words, optional
            What to look for. Without them only the vectors are needed, not maps nor features.
        method : str, optional
            The name of one of the card's methods. With it and without words, the same views will be asked for
            maps later.

        Returns
        -------
        Seen
            With maps where there were words.
        """
