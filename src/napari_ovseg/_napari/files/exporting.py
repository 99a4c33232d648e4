"""The work on all pictures in the window, as an export takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.labelled_layers import pixel_of_picture
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.panel.export_dialog import Listed
from napari_ovseg._napari.saving.latest import annotated_of
from napari_ovseg._napari.saving.save_places import SavePlaces
from napari_ovseg.annotation.labelled_pictures import labelled_pictures, slice_name
from napari_ovseg.labelled import LabelledPicture

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


class Exporting:
    """Lists what there is to export, and copies it.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    places : SavePlaces
        Know the files of the pictures.
    chosen : callable
        ``chosen() -> napari.layers.Image or None``: the picture that is worked on.
    """

    def __init__(self, viewer: ViewerModel, places: SavePlaces, chosen: Callable[[], Image | None]) -> None:
        self._viewer, self._places, self._chosen = viewer, places, chosen

    @property
    def works(self) -> list[Annotated]:
        """The work on all pictures in the window."""
        from napari.layers import Image

        images = dict.fromkeys(layer for layer in self._viewer.layers if isinstance(layer, Image))
        return [one for one in (annotated_of(self._viewer, image) for image in images) if one is not None]

    @property
    def has_stacks(self) -> bool:
        """Whether any of it is on a stack."""
        return any(annotated.masks.placement.stack_axes for annotated in self.works)

    def listed(self, *, empty: bool = False) -> list[Listed]:
        """What `labelled_pictures` would return, without the copies, which take long for large pictures."""
        return [one for annotated in self.works for one in _listed_of(annotated, empty=empty)]

    def labelled_pictures(self, *, empty: bool = False) -> list[LabelledPicture]:
        """The masks of all pictures in the window; of stacks, `empty` also slices that nobody worked on."""
        pictures: list[LabelledPicture] = []
        for annotated in self.works:
            annotation, image = annotated.snapshot(), annotated.image
            found = self._places.found.get(annotated.key)
            annotation.picture = None if found is None else found.picture
            size, unit = pixel_of_picture(image, annotated.masks.placement.axes)
            pictures += labelled_pictures(
                annotation,
                image.name,
                empty=empty,
                stack=_lengths(annotated),
                pixel_size=size,
                unit=unit,
            )
        return pictures

    def folder(self) -> Path:
        """Where an export is likely wanted: beside the picture."""
        image = self._chosen()
        found = None if image is None else self._places.found.get(picture_key(image))
        path = None if found is None else found.picture.path
        if path is None:
            return Path.home() / "masks"
        beside = path.parent
        # masks that were exported once are no place for those of them
        while beside.name == "masks" and beside != beside.parent:
            beside = beside.parent
        return beside / ("masks" if beside == path.parent else "masks-2")


def _listed_of(annotated: Annotated, *, empty: bool) -> list[Listed]:
    known = {*annotated.masks.positions, *annotated.pseudo_labels.positions}
    lengths, name = _lengths(annotated), annotated.image.name
    all_slices = {*known, *np.ndindex(*lengths)} if empty and known and lengths else known
    pieces = annotated.pieces
    return [
        Listed(slice_name(name, at), at in pieces and pieces[at].done, name if at else "", at)
        for at in sorted(all_slices)
        if empty or not at or annotated.worked_on(at)
    ]


def _lengths(annotated: Annotated) -> list[int]:
    """How many slices there are along each axis of a stack; nothing for a flat picture."""
    placement = annotated.masks.placement
    return [placement.shape[axis] for axis in placement.stack_axes]
