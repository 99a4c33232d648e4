"""The formats by name, and which options each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from napari_ovseg.errors import InputError
from napari_ovseg.export import coco, geojson, labelme, npz, ome_zarr, palette_png, things, tiff, yolo
from napari_ovseg.export.categories_json import CATEGORIES_BESIDE_JSON, CATEGORIES_FILE
from napari_ovseg.export.plan import Dataset, Options, Planned


@dataclass(frozen=True)
class Format:
    """A format: how people call it, how it is written, and what it holds.

    Attributes
    ----------
    title : str
    plan : callable
    instances : bool
        Whether it holds things, else whole categories.
    names_file : str
        What the map of names beside it is called.
    holds_pictures : bool
        Whether pictures are written upright with their labels, else only their files are named.
    takes_things : bool
        Whether a format of categories has a place for things, too.
    in_parts : bool
        Whether labels that don't fit into memory can be written.
    needs : str
        The package that writes it, where that may be missing.
    """

    title: str
    plan: Callable[[Dataset], Iterator[Planned]]
    instances: bool
    names_file: str = CATEGORIES_FILE
    holds_pictures: bool = False
    takes_things: bool = False
    in_parts: bool = False
    needs: str = ""

    @property
    def missing(self) -> str:
        """What to install for it, in a sentence; "" where nothing is missing."""
        if not self.needs or find_spec(self.needs) is not None:
            return ""
        return f'{self.title} needs one more package: pip install "napari-ovseg[ome-zarr]".'


FORMATS: dict[str, Format] = {
    "png": Format("Palette PNG", palette_png.plan, instances=False),
    "tiff": Format("TIFF", tiff.plan, instances=False),
    "ome-tiff": Format("OME-TIFF", tiff.plan_ome, instances=False, takes_things=True, in_parts=True),
    "npz": Format("NumPy archive", npz.plan, instances=False),
    "ome-zarr": Format(
        "OME-Zarr labels",
        ome_zarr.plan,
        instances=False,
        holds_pictures=True,
        takes_things=True,
        needs="zarr",
    ),
    "things-tiff": Format("Things as TIFF, and a table", things.plan, instances=True),
    "coco": Format("COCO", coco.plan, instances=True, names_file=CATEGORIES_BESIDE_JSON, in_parts=True),
    "yolo": Format("YOLO segmentation", yolo.plan, instances=True, holds_pictures=True),
    "geojson": Format(
        "GeoJSON for QuPath",
        geojson.plan,
        instances=True,
        names_file=CATEGORIES_BESIDE_JSON,
        in_parts=True,
    ),
    "labelme": Format("LabelMe", labelme.plan, instances=True, names_file=CATEGORIES_BESIDE_JSON),
}


def find_format(name: str, options: Options) -> Format:
    """Return a format by name; raises `InputError` when there is none, or the options are not for it."""
    if name not in FORMATS:
        raise InputError(f"There is no format '{name}': choose one of {', '.join(FORMATS)}.")
    chosen = FORMATS[name]
    if options.smallest_area < 1:
        raise InputError(f"The smallest area is {options.smallest_area} pixels: give 1 or more.")
    if options.connectivity not in (4, 8):
        raise InputError(f"The connectivity is {options.connectivity}: give 4 or 8.")
    if options.polygons and name != "coco":
        raise InputError(f"Polygons are a choice of COCO only: leave it out for {chosen.title}.")
    if options.things and not chosen.takes_things:
        both = ", ".join(name for name, one in FORMATS.items() if one.takes_things)
        raise InputError(
            f"{chosen.title} has no place for things beside categories: choose {both}, or a format of things."
        )
    if chosen.missing:
        raise InputError(f"{chosen.missing[:-1]}, or choose another format.")
    if not (chosen.instances or options.things) and options != Options():
        raise InputError(
            f"{chosen.title} holds every pixel of each category: leave out what concerns single things "
            f"(smallest area, touching), or choose {', '.join(k for k, f in FORMATS.items() if f.instances)}."
        )
    return chosen
