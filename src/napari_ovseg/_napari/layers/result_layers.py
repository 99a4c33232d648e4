"""Writing results as labels layers, without ever touching what a person has edited.

A stack's results are one layer of the stack's size, filled slice by slice. Each layer carries in its metadata
which picture it belongs to and the `TrackedLabels` that tells its human pixels from the machine's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.adding import add
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.removing import keep, remove
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.layers.tracked_labels import TrackedLabels
from napari_ovseg.annotation.corrections import Labels as LabelsArray
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels, Layer

    from napari_ovseg._napari.layers.placement import Placement

METADATA_KEY = "napari-ovseg"
# in it: a layer is hidden since only another picture is to be shown
COMES_BACK = "comes_back"
PSEUDO_LABELS = "pseudo-labels"
MASKS = "masks"


@dataclass(frozen=True)
class Written:
    """One result in the viewer: its layer, the edited one that was left alone, and how to take it back."""

    tracked: TrackedLabels
    kept: Labels | None
    roll_back: Callable[[], None]

    @property
    def layer(self) -> Labels:
        return self.tracked.layer


def write_labels(
    viewer: ViewerModel,
    image: Image,
    kind: str,
    labels: LabelsArray,
    placement: Placement,
    legend: Legend,
    human: LabelsArray | None = None,
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
    human : np.ndarray, optional
        Human pixels that `labels` holds, (H, W), void elsewhere.
    """
    position = placement.position
    earlier = _results(viewer, image, kind, placement)
    unedited = [tracked for tracked in earlier if not tracked.is_edited(position)]
    old = unedited[-1] if unedited else None
    if old is not None:
        if old.layer.data.dtype == labels.dtype and legend.agrees_with(names_of(old.layer)):
            return Written(old, None, _overwrite(old, labels, human, image, placement, legend))
        if old.positions in ([], [position]):
            new = new_layer(image, kind, labels.dtype, placement, legend)
            new.start(position, labels, human)
            return _exchange(viewer, old, new)
    new = new_layer(image, kind, labels.dtype, placement, legend)
    new.start(position, labels, human)
    add(viewer, new.layer)
    return Written(new, earlier[-1].layer if earlier else None, lambda: _remove_unedited(viewer, new))


def tracked_labels(layer: Any) -> TrackedLabels | None:
    """Return what tells a result's human pixels from the machine's; None for a layer that is no result."""
    tracked = layer.metadata.get(METADATA_KEY, {}).get("tracked")
    # a copy of a result carries its metadata too, and is nobody's result
    return tracked if isinstance(tracked, TrackedLabels) and tracked.layer is layer else None


def picture_key_of(layer: Any) -> str | None:
    """Return the key of the picture that a result belongs to; None for a layer that is no result."""
    tracked = tracked_labels(layer)
    return None if tracked is None else str(layer.metadata[METADATA_KEY]["result"]["image"])


def belongs_to(layer: Any) -> str | None:
    """Return the key of the picture that any layer of the panel belongs to; None for other layers."""
    known = layer.metadata.get(METADATA_KEY, {})
    return picture_key_of(layer) or known.get("things") or known.get("confidence")


def has_results(viewer: ViewerModel, image: Image) -> bool:
    """Whether a layer in the viewer is a result for this picture."""
    return any(picture_key_of(layer) == picture_key(image) for layer in viewer.layers)


def names_of(layer: Labels) -> dict[int, str]:
    """Return the name of each id of a result."""
    names: dict[int, str] = layer.metadata[METADATA_KEY]["names"]
    return names


def _results(viewer: ViewerModel, image: Image, kind: str, placement: Placement) -> list[TrackedLabels]:
    """Earlier results of this kind for this picture, oldest first."""
    found = []
    for layer in viewer.layers:
        tracked = tracked_labels(layer)
        if tracked is None or layer.metadata[METADATA_KEY]["result"] != _identity(image, kind):
            continue
        if tracked.placement.fits(placement):
            found.append(tracked)
    return sorted(found, key=lambda tracked: tracked.layer.metadata[METADATA_KEY]["number"])


def _identity(image: Image, kind: str) -> dict[str, str]:
    return {"image": picture_key(image), "kind": kind}


_numbers = iter(range(1, 2**62))


def new_layer(
    image: Image, kind: str, dtype: np.dtype[Any], placement: Placement, legend: Legend
) -> TrackedLabels:
    """Make an empty results layer, which is not in the viewer yet.

    Raises
    ------
    InputError
        When there is no memory for it.
    """
    from napari.layers import Labels

    try:
        # of a large stack, only the slices that are written take memory
        data = np.zeros(placement.shape, dtype)
    except MemoryError:
        raise InputError(
            f"There is no memory for labels of the size {placement.shape}: crop '{image.name}' first."
        ) from None
    # with its colours at once: for those of napari's choice it would compile a loop first
    how = {"opacity": 0.6, "colormap": legend.colormap(), **placed_like(image, placement)}
    layer = Labels(data, name=f"{image.name} {kind}", **how)
    tracked = TrackedLabels(layer, placement)
    layer.metadata[METADATA_KEY] = {
        "result": _identity(image, kind),
        "number": next(_numbers),
        "tracked": tracked,
    }
    show_legend(layer, legend)
    layer.selected_label = min(legend.names, default=1)
    return tracked


def placed_like(
    image: Image, placement: Placement, start: NDArray[np.integer] | None = None
) -> dict[str, Any]:
    """Layer arguments that make a result overlay its picture exactly: all transforms, units and axis labels.

    One that is a part of the plane starts at the pixel ``start`` of it.

    napari maps data to world as ``affine @ (rotate @ shear @ scale @ data + translate)``; a coarser grid
    changes only the scale and the translation.
    """
    from napari.utils.transforms import Affine

    linear = Affine(scale=image.scale, rotate=image.rotate, shear=image.shear).linear_matrix
    first = placement.offset if start is None else placement.offset + start * placement.factors
    shift = np.asarray(linear) @ first
    return {
        "scale": np.asarray(image.scale) * np.asarray(placement.factors),
        "translate": np.asarray(image.translate) + shift,
        "rotate": image.rotate,
        "shear": image.shear,
        "affine": image.affine.affine_matrix,
        "units": image.units,
        "axis_labels": image.axis_labels,
    }


def show_legend(layer: Labels, legend: Legend) -> None:
    """Give a result its names and colours."""
    layer.features = legend.features
    layer.colormap = legend.colormap()
    layer.metadata[METADATA_KEY]["names"] = legend.names


def _overwrite(
    tracked: TrackedLabels,
    labels: LabelsArray,
    human: LabelsArray | None,
    image: Image,
    placement: Placement,
    legend: Legend,
) -> Callable[[], None]:
    """Write into a layer as one undo step; returns what takes it back."""
    layer = tracked.layer
    before = (layer.metadata[METADATA_KEY]["names"], layer.features.copy(), layer.colormap)
    step = tracked.write({placement.position: (labels, human)})
    for name, value in placed_like(image, placement).items():
        setattr(layer, name, value)
    show_legend(layer, legend)

    def roll_back() -> None:
        if tracked.is_edited(placement.position):
            return
        tracked.take_back(step)
        layer.metadata[METADATA_KEY]["names"], layer.features, layer.colormap = before

    return roll_back


def _exchange(viewer: ViewerModel, old: TrackedLabels, new: TrackedLabels) -> Written:
    """Put a layer of another form, or with other names, in the place of an unedited one."""
    shown = old.layer.visible
    put_in_place(viewer, old.layer, new.layer)

    def roll_back() -> None:
        if new.layer in viewer.layers and not any(map(new.is_edited, new.positions)):
            old.layer.visible = shown
            put_in_place(viewer, new.layer, old.layer)

    return Written(new, None, roll_back)


def put_in_place(viewer: ViewerModel, old: Layer, new: Layer) -> None:
    """Put a layer in the place of another, under its name."""
    name, place = old.name, viewer.layers.index(old)
    # napari would number the second of a name; the first may have to stay for a moment
    old.name = f"{name} (replaced)"
    new.name = name
    if keep(viewer, new):
        viewer.layers.move(viewer.layers.index(new), place)
    else:
        add(viewer, new, place)
    remove(viewer, old)
    # as it was, should it come back
    old.name = name


def _remove_unedited(viewer: ViewerModel, tracked: TrackedLabels) -> None:
    if tracked.layer in viewer.layers and not any(map(tracked.is_edited, tracked.positions)):
        remove(viewer, tracked.layer)
