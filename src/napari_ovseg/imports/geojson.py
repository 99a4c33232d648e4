"""Objects of QuPath as GeoJSON, ours and QuPath's own: classified outlines, with holes, in pixels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.errors import InputError
from napari_ovseg.export.about import ABOUT
from napari_ovseg.export.geojson import IGNORE
from napari_ovseg.imports.drawing import MOST_PIXELS, Ring, cover, ring_of
from napari_ovseg.imports.files import Places, mentions, read_files, things_files
from napari_ovseg.imports.named import read_any_json, text_or_none, tidy_name, whole
from napari_ovseg.imports.picture_sizes import believed_size
from napari_ovseg.imports.skipped import Skipped, Unusable
from napari_ovseg.imports.things import Shape, Sheet, Table, Thing, draw_all
from napari_ovseg.imports.told import Told, told_of
from napari_ovseg.labelled import LabelledPicture

ENDINGS = (".geojson",)
# The category of what QuPath has given no class.
UNCLASSIFIED = "unclassified"
_AREAS = ("Polygon", "MultiPolygon")
_DEEPEST = 16

Plane = tuple[int, int]
Polygons = list[list[Ring]]
# The objects on each plane (z, t), with the polygons of each.
Planes = dict[Plane, list[tuple[Thing, Polygons]]]


def peek(path: Path) -> bool:
    """Whether a file holds features, or a folder has ``.geojson`` files."""
    if path.is_dir():
        return bool(things_files(path, ENDINGS))
    if path.suffix.lower() in ENDINGS:
        return mentions(path, '"Feature')
    return path.suffix.lower() == ".json" and mentions(path, '"Feature', '"geometry"')


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read each file; objects on several planes of a stack become one picture for each plane.

    Parameters
    ----------
    path : Path
        A file, or a folder of them, which get one table of categories.
    places : Places, optional
        Where the pictures may be.
    """
    places = places or Places()
    files = things_files(path, ENDINGS) if path.is_dir() else [path]
    return read_files(
        files,
        places,
        lambda file: _sheets(file, places),
        lambda sheets, refused: draw_all(sheets, Table(void=(IGNORE,)), refused),
    )


def _sheets(path: Path, places: Places) -> list[Sheet]:
    content = read_any_json(path)
    told = told_of(content.get(ABOUT) if isinstance(content, dict) else None, path) or Told()
    skipped = Skipped(path, "object")
    notes: list[str] = []
    planes = _planes(_features(content, path), skipped, notes)
    picture = places.find(told.by or path, told.picture, path)
    height, width = told.size
    try:
        shape, note = believed_size(height, width, picture, path.name)
    except Unusable as error:
        if height is not None:
            raise InputError(f"{path} can't be read, because {error}.") from error
        shape, note = _extent(path, planes)
    notes += [note] if note else []
    name = told.name or path.name.removesuffix(path.suffix)
    several = len(planes) > 1
    return [
        Sheet(
            path,
            f"{name}{_plane_name(plane, planes)}" if several else name,
            shape,
            [thing for thing, _ in things],
            # What is wrong with the file is said once.
            skipped if number == 0 else Skipped(path, "object"),
            told,
            None if several else picture,
            notes if number == 0 else [],
        )
        for number, (plane, things) in enumerate(sorted(planes.items()))
    ]


def _features(content: Any, path: Path) -> list[Any]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        if isinstance(content.get("features"), list):
            return content["features"]
        if content.get("type") == "Feature":
            return [content]
    raise InputError(f"{path} holds no features: choose GeoJSON, as QuPath exports it.")


def _planes(features: list[Any], skipped: Skipped, notes: list[str]) -> Planes:
    planes: Planes = {}
    unclassified = nuclei = 0
    for place, feature in enumerate(features, 1):
        if not isinstance(feature, dict):
            skipped.add(f"number {place}", "it is no object")
            continue
        id = text_or_none(feature.get("id"))
        which = f"number {place}" if id is None else f"number {place} {id:.40}"
        said = feature.get("properties")
        properties = said if isinstance(said, dict) else {}
        try:
            polygons = _polygons(feature.get("geometry"))
        except Unusable as error:
            skipped.add(which, str(error))
            continue
        name, colour = _class(properties.get("classification"))
        unclassified += not name
        skipped.rename(_class_name(properties.get("classification")), name)
        nuclei += feature.get("nucleusGeometry") is not None
        thing = Thing(which, name or UNCLASSIFIED, partial(cover, polygons), colour)
        planes.setdefault(_plane(feature.get("geometry")), []).append((thing, polygons))
    if unclassified:
        notes.append(f"Objects without a class are called '{UNCLASSIFIED}': {unclassified}.")
    if nuclei:
        notes.append(f"Outlines of nuclei were left out, as the cells around them are read: {nuclei}.")
    return planes or {(0, 0): []}


def _class(said: Any) -> tuple[str, Any]:
    """Name and colour of a class in any of the ways that QuPath has written it."""
    if not isinstance(said, dict):
        return tidy_name(said), None
    names = said.get("names")
    name = ": ".join(map(tidy_name, names)) if isinstance(names, list) else tidy_name(said.get("name"))
    packed = whole(said.get("colorRGB"))
    colour = said.get("color")
    if colour is None and packed is not None:
        colour = [packed >> shift & 255 for shift in (16, 8, 0)]
    return name, colour


def _class_name(said: Any) -> Any:
    """The name of a class as the file has it, None where there is none or it is put together."""
    name = said.get("name") if isinstance(said, dict) and not said.get("names") else said
    return name if tidy_name(name) else None


def _plane(geometry: Any) -> Plane:
    said = geometry.get("plane") if isinstance(geometry, dict) else None
    if not isinstance(said, dict):
        return 0, 0
    return whole(said.get("z")) or 0, whole(said.get("t")) or 0


def _plane_name(plane: Plane, planes: Planes) -> str:
    letters = [
        f"{letter}{plane[axis]}" for axis, letter in enumerate("zt") if len({one[axis] for one in planes}) > 1
    ]
    return f" {' '.join(letters)}"


def _polygons(geometry: Any, depth: int = 0) -> Polygons:
    """The polygons of a geometry, each an outline and its holes."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and depth < _DEEPEST:
        parts = geometry.get("geometries")
        areas = [
            part for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict)
            and part.get("type") in (*_AREAS, "GeometryCollection")
        ]  # fmt: skip
        found = [polygon for part in areas for polygon in _polygons(part, depth + 1)]
        if found or depth:
            return found
        raise Unusable("nothing in its geometry covers pixels")
    if kind not in _AREAS:
        raise Unusable(
            f"it is a {kind:.20}, which covers no pixels" if isinstance(kind, str) else "it has no geometry"
        )
    said = geometry.get("coordinates")
    polygons = [said] if kind == "Polygon" else said
    if (
        not isinstance(polygons, list)
        or not polygons
        or not all(isinstance(one, list) and one for one in polygons)
    ):
        raise Unusable("it has no coordinates")
    return [[ring_of(ring) for ring in polygon] for polygon in polygons]


def _extent(path: Path, planes: Planes) -> tuple[Shape, str]:
    """A picture that is as large as its outlines reach."""
    corners = [
        ring.max(axis=0)
        for things in planes.values()
        for _, polygons in things
        for polygon in polygons
        for ring in polygon
    ]
    if not corners:
        raise InputError(f"Nothing says how large the picture of {path} is: put the picture beside it.")
    width, height = np.maximum(np.ceil(np.max(corners, axis=0)), 1).astype(int).tolist()
    if width * height > MOST_PIXELS:
        raise InputError(
            f"The outlines of {path} reach to {width} x {height} pixels, too many for a picture: put the "
            "picture beside it."
        )
    return (height, width), (
        f"Nothing says how large the picture of {path.name} is: the labels are {height} x {width} pixels, as "
        "far as its outlines reach."
    )
