"""What may be wrong with a dataset."""

from __future__ import annotations

from napari_ovseg.errors import InputError


class BadDataset(InputError):
    """A dataset that is not laid out as expected, or whose class file can't be used."""


class BadPicture(InputError):
    """A picture or its mask that can't be evaluated; the message names the file."""
