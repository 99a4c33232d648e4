"""Labels that lie at a place of their own, brought onto the grid of a picture's masks: the nearest pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.result_layers import placed_like
from napari_ovseg.errors import InputError
from napari_ovseg.units import unit_of_length

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_ovseg._napari.layers.placement import Placement


def has_own_place(labels: Labels, image: Image, placement: Placement) -> bool:
    """Whether a layer says where it lies, and says otherwise than the picture.

    One that says nothing, or only the size of its pixels where the picture has none, lies pixel on pixel.
    """
    own = _world(labels)
    if np.allclose(own, np.eye(len(own))):
        return False
    if _is_length(labels) != _is_length(image) and _is_scale(own):
        return False
    kept = _kept(labels, image, placement)
    return not np.allclose(_in_units_of(image, own, labels, kept), _part(_world(image), kept))


def on_grid(labels: Labels, image: Image, placement: Placement) -> NDArray[Any]:
    """Return the labels under each pixel of a picture's masks, 0 where they don't reach.

    Parameters
    ----------
    labels : napari.layers.Labels
        As many axes as the picture, all but that of its channels, or rows and columns alone.
    image : napari.layers.Image
    placement : Placement
        Of the masks.

    Returns
    -------
    np.ndarray
        Of the shape of the masks, or ``(H, W)`` where there is no stack.

    Raises
    ------
    InputError
        When it can't be told where they lie on the picture, or they lie beside it.
    """
    from scipy.ndimage import affine_transform

    name = labels.name
    if _is_length(labels) != _is_length(image):
        raise InputError(
            f"'{name}' and '{image.name}' lie at places in different units, of which one is pixels: give "
            "both the same units, or take the labels' own translate, rotate and shear away."
        )
    grid = _matrix(**_parts(placed_like(image, placement)))
    kept = _kept(labels, image, placement)
    rest = [axis for axis in range(image.ndim) if axis not in kept]
    if not np.allclose(grid[np.ix_(kept, rest)], 0):
        raise InputError(
            f"'{image.name}' is turned out of its plane: labels of one plane can't be laid on it."
        )
    there = np.linalg.inv(_in_units_of(image, _world(labels), labels, kept)) @ _part(grid, kept)
    brought: NDArray[Any] = affine_transform(
        np.asarray(labels.data),
        there[:-1, :-1],
        there[:-1, -1],
        output_shape=tuple(placement.shape[axis] for axis in kept),
        order=0,
        # so that the outer half of the pixels at the edge counts too
        mode="grid-constant",
    )
    if not brought.any():
        raise InputError(
            f"No label of '{name}' lies on '{image.name}': move its layer onto the picture first."
        )
    return brought


def _world(layer: Any) -> NDArray[np.float64]:
    """From pixels to the world, homogeneous."""
    return _matrix(
        **_parts({key: getattr(layer, key) for key in ("scale", "rotate", "shear", "translate")}),
        affine=layer.affine.affine_matrix,
    )


def _parts(placed: dict[str, Any]) -> dict[str, Any]:
    return {key: placed[key] for key in ("scale", "rotate", "shear", "translate", "affine") if key in placed}


def _matrix(scale: Any, rotate: Any, shear: Any, translate: Any, affine: Any) -> NDArray[np.float64]:
    from napari.utils.transforms import Affine

    inner = np.eye(len(scale) + 1)
    inner[:-1, :-1] = np.asarray(Affine(scale=scale, rotate=rotate, shear=shear).linear_matrix)
    inner[:-1, -1] = np.asarray(translate)
    return np.asarray(affine, float) @ inner


def _kept(labels: Labels, image: Image, placement: Placement) -> tuple[int, ...]:
    """The axes of the picture that the labels have: all, all but that of channels, or rows and columns."""
    if labels.ndim == 2:
        return placement.axes
    return tuple(
        axis for axis in range(image.ndim) if labels.ndim == image.ndim or axis != placement.channel_axis
    )


def _part(matrix: NDArray[np.float64], axes: tuple[int, ...]) -> NDArray[np.float64]:
    kept = [*axes, len(matrix) - 1]
    return matrix[np.ix_(kept, kept)]


def _in_units_of(
    image: Image, matrix: NDArray[np.float64], labels: Labels, kept: tuple[int, ...]
) -> NDArray[np.float64]:
    """The world of a labels layer in the units of a picture's, where both are lengths."""
    pairs = [
        (unit_of_length(str(mine)), unit_of_length(str(image.units[axis])))
        for mine, axis in zip(labels.units, kept, strict=True)
    ]
    factors = [1.0 if mine is None or other is None else mine[2] / other[2] for mine, other in pairs]
    return np.diag([*factors, 1.0]) @ matrix


def _is_length(layer: Any) -> bool:
    return all(unit_of_length(str(unit)) is not None for unit in layer.units[-2:])


def _is_scale(matrix: NDArray[np.float64]) -> bool:
    return np.allclose(matrix, np.diag(np.diag(matrix))) and bool((np.diag(matrix) > 0).all())
