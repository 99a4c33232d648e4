"""Writing results as labels layers, without ever touching what a person has edited.

Each layer remembers in its metadata which picture it belongs to and a digest of what was written; a layer
whose pixels no longer match the digest was edited, and is left alone for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.colours import Legend

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_ovseg._napari.source import Placement

METADATA_KEY = "napari-ovseg"
PSEUDO_LABELS = "pseudo-labels"
MASKS = "masks"


@dataclass(frozen=True)
class Written:
    """One result in the viewer: its layer, the edited layer that was left alone, and how to take it back."""

    layer: Labels
    kept: Labels | None
    roll_back: Callable[[], None]


def write_labels(
    viewer: ViewerModel, image: Image, kind: str, labels: np.ndarray, placement: Placement, legend: Legend
) -> Written:
    """Show labels (H, W) as the layer "<image> <kind>", in the place of an unedited earlier result.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        The viewer that holds `image`.
    image : napari.layers.Image
        The picture the labels belong to; all of its transforms are copied.
    kind : str
        `PSEUDO_LABELS` or `MASKS`.
    labels : np.ndarray
        Labels of shape (H, W), unsigned integers.
    placement : Placement
        Where they lie in the data coordinates of `image`.
    legend : Legend
        Names and colours.
    """
    data = placement.embed(labels)
    earlier = _results(viewer, image, kind, placement)
    unedited = [layer for layer in earlier if not is_edited(layer)]
    kept = earlier[-1] if earlier and not unedited else None
    if not unedited:
        new = _new_layer(image, kind, data, placement, legend)
        viewer.add_layer(new)
        return Written(new, kept, lambda: _remove_unedited(viewer, new))
    old = unedited[-1]
    same_form = old.data.shape == data.shape and old.data.dtype == data.dtype
    if same_form and legend.agrees_with(old.metadata[METADATA_KEY]["names"]):
        return Written(old, None, _overwrite(old, data, image, placement, legend))
    return _exchange(viewer, old, _new_layer(image, kind, data, placement, legend))


def is_edited(layer: Labels) -> bool:
    """Whether the pixels are no longer what the machine wrote."""
    return bool(layer.metadata[METADATA_KEY]["digest"] != _digest(layer.data))


def _results(viewer: ViewerModel, image: Image, kind: str, placement: Placement) -> list[Labels]:
    """Earlier results of this kind for this slice of this picture, oldest first."""
    wanted = _identity(image, kind, placement)
    found = [layer for layer in viewer.layers if layer.metadata.get(METADATA_KEY, {}).get("result") == wanted]
    return sorted(found, key=lambda layer: layer.metadata[METADATA_KEY]["number"])


def _identity(image: Image, kind: str, placement: Placement) -> dict[str, Any]:
    return {
        "image": str(image.unique_id),
        "kind": kind,
        "axes": list(placement.axes),
        "starts": list(placement.starts),
    }


def _digest(data: np.ndarray) -> str:
    array = np.ascontiguousarray(data)
    return hashlib.blake2b(array.data, digest_size=16, person=array.dtype.str.encode()).hexdigest()


_numbers = iter(range(1, 2**62))


def _new_layer(image: Image, kind: str, data: np.ndarray, placement: Placement, legend: Legend) -> Labels:
    from napari.layers import Labels

    layer = Labels(
        data,
        name=f"{image.name} {kind}",
        features=legend.features,
        colormap=legend.colormap(),
        metadata={METADATA_KEY: {"result": _identity(image, kind, placement), "number": next(_numbers)}},
        opacity=0.6,
        **placed_like(image, placement),
    )
    _remember(layer, legend)
    layer.selected_label = 1
    return layer


def placed_like(image: Image, placement: Placement) -> dict[str, Any]:
    """Layer arguments that make a result overlay its picture exactly: all transforms, units and axis labels.

    napari maps data to world as ``affine @ (rotate @ shear @ scale @ data + translate)``; a coarser or
    shifted grid changes only the scale and the translation.
    """
    transform = image._transforms["data2physical"]
    shift = np.asarray(transform.linear_matrix) @ placement.offset
    return {
        "scale": np.asarray(image.scale) * np.asarray(placement.factors),
        "translate": np.asarray(image.translate) + shift,
        "rotate": image.rotate,
        "shear": image.shear,
        "affine": image.affine.affine_matrix,
        "units": image.units,
        "axis_labels": image.axis_labels,
    }


def _remember(layer: Labels, legend: Legend) -> None:
    layer.metadata[METADATA_KEY] |= {"digest": _digest(layer.data), "names": list(legend.names)}


def _overwrite(
    layer: Labels, data: np.ndarray, image: Image, placement: Placement, legend: Legend
) -> Callable[[], None]:
    """Write into a layer as one undo step; returns what takes it back."""
    before = (dict(layer.metadata[METADATA_KEY]), layer.features.copy(), layer.colormap)
    changed = np.nonzero(layer.data != data)
    if changed[0].size:
        with layer.block_history():
            layer.data_setitem(changed, data[changed])
    for name, value in placed_like(image, placement).items():
        setattr(layer, name, value)
    _set_legend(layer, legend.features, legend.colormap())
    _remember(layer, legend)

    def roll_back() -> None:
        if is_edited(layer):
            return
        if changed[0].size:
            layer.undo()
        layer.metadata[METADATA_KEY] = before[0]
        _set_legend(layer, before[1], before[2])

    return roll_back


def _set_legend(layer: Labels, features: Any, colormap: Any) -> None:
    layer.features = features
    layer.colormap = colormap


def _exchange(viewer: ViewerModel, old: Labels, new: Labels) -> Written:
    """Put a layer of another form, or with other names, in the place of an unedited one."""
    position, name = viewer.layers.index(old), old.name
    viewer.layers.remove(old)
    new.name = name
    viewer.layers.insert(position, new)

    def roll_back() -> None:
        if new in viewer.layers and not is_edited(new):
            place = viewer.layers.index(new)
            viewer.layers.remove(new)
            viewer.layers.insert(place, old)

    return Written(new, None, roll_back)


def _remove_unedited(viewer: ViewerModel, layer: Labels) -> None:
    if layer in viewer.layers and not is_edited(layer):
        viewer.layers.remove(layer)
