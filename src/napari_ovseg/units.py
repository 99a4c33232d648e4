"""The units of length that TIFF, OME-TIFF and OME-Zarr know, whatever they were called before."""

from __future__ import annotations

# Canonical name: metres, symbol in OME-XML, other spellings.
_UNITS: dict[str, tuple[float, str, tuple[str, ...]]] = {
    "angstrom": (1e-10, "Å", ("å", "ångström")),
    "nanometer": (1e-9, "nm", ("nm", "nanometre")),
    "micrometer": (1e-6, "µm", ("um", "µm", "μm", "micron", "microns", "micrometre")),
    "millimeter": (1e-3, "mm", ("mm", "millimetre")),
    "centimeter": (1e-2, "cm", ("cm", "centimetre")),
    "meter": (1.0, "m", ("m", "metre")),
    "inch": (0.0254, "in", ("in",)),
}


def unit_of_length(unit: str | None) -> tuple[str, str, float] | None:
    """Name, OME symbol and length in metres of a unit; None for pixels and for what is no length.

    Parameters
    ----------
    unit : str, optional
        As napari, TIFF or a person writes it.
    """
    wanted = (unit or "").strip().lower()
    for name, (metres, symbol, others) in _UNITS.items():
        if wanted == name or wanted == f"{name}s" or wanted in others:
            return name, symbol, metres
    return None
