"""The formats by name, and which options each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from napari_ovseg.errors import InputError
from napari_ovseg.export import coco, geojson, labelme, npz, ome_zarr, palette_png, tiff, yolo
from napari_ovseg.export.plan import Dataset, Options, Planned


@dataclass(frozen=True)
class Format:
    """A format: how people call it, how it is written, and whether it holds things or whole categories."""

    title: str
    plan: Callable[[Dataset], Iterator[Planned]]
    instances: bool


FORMATS: dict[str, Format] = {
    "png": Format("Palette PNG", palette_png.plan, instances=False),
    "tiff": Format("TIFF", tiff.plan, instances=False),
    "ome-tiff": Format("OME-TIFF", tiff.plan_ome, instances=False),
    "npz": Format("NumPy archive", npz.plan, instances=False),
    "ome-zarr": Format("OME-Zarr labels", ome_zarr.plan, instances=False),
    "coco": Format("COCO", coco.plan, instances=True),
    "yolo": Format("YOLO segmentation", yolo.plan, instances=True),
    "geojson": Format("GeoJSON for QuPath", geojson.plan, instances=True),
    "labelme": Format("LabelMe", labelme.plan, instances=True),
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
    if not chosen.instances and options != Options():
        raise InputError(
            f"{chosen.title} holds every pixel of each category: leave out what concerns single things "
            f"(smallest area, touching), or choose {', '.join(k for k, f in FORMATS.items() if f.instances)}."
        )
    return chosen
