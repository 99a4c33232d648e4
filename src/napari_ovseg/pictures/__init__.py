"""Picture files as they are shown: upright, in the right colours, with the size of a pixel."""

from napari_ovseg.pictures.channel_names import channel_names
from napari_ovseg.pictures.ids import read_ids
from napari_ovseg.pictures.picture import (
    Picture,
    is_turned,
    picture_size,
    read_picture,
    read_pixel_size,
    stored_as_shown,
)

__all__ = [
    "Picture",
    "channel_names",
    "is_turned",
    "picture_size",
    "read_ids",
    "read_picture",
    "read_pixel_size",
    "stored_as_shown",
]
