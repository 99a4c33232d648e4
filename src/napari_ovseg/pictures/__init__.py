"""Picture files as they are shown: upright, in the right colours, with the size of a pixel."""

from napari_ovseg.pictures.file_axes import CHANNEL, FileAxes, file_axes
from napari_ovseg.pictures.ids import read_ids
from napari_ovseg.pictures.picture import (
    Picture,
    is_turned,
    picture_size,
    read_flat_picture,
    read_picture,
    read_pixel_size,
    stored_as_shown,
)

__all__ = [
    "CHANNEL",
    "FileAxes",
    "Picture",
    "file_axes",
    "is_turned",
    "picture_size",
    "read_flat_picture",
    "read_ids",
    "read_picture",
    "read_pixel_size",
    "stored_as_shown",
]
