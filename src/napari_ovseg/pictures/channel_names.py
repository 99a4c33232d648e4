"""What a file calls its channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def channel_names(path: str | Path) -> tuple[str, ...]:
    """Return the names of the channels of an OME-TIFF, in order; none of a file that says none.

    Only the header is read. A channel without a name among others that have one is called "channel 2".

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    tuple of str
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            said = tifffile.xml2dict(tiff.ome_metadata) if tiff.is_ome and tiff.ome_metadata else {}
    # what can't be read here was read otherwise, and goes without names
    except Exception:
        return ()
    image = _first(said.get("OME", {}).get("Image", {}))
    channels = _listed(_first(image.get("Pixels", {})).get("Channel", []))
    names = [str(channel.get("Name", "")).strip() for channel in channels if isinstance(channel, dict)]
    if not any(names):
        return ()
    return tuple(name or f"channel {place}" for place, name in enumerate(names))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _first(value: Any) -> dict[str, Any]:
    first = _listed(value)[0]
    return first if isinstance(first, dict) else {}
