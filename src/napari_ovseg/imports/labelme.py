"""Shapes of LabelMe, ours and those of LabelMe, AnyLabeling and X-AnyLabeling, drawn into labels."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.export.about import ABOUT
from napari_ovseg.export.labelme import BACKGROUND, IGNORE
from napari_ovseg.imports.drawing import Drawn, cover, points_of, ring_of
from napari_ovseg.imports.files import Places, is_damaged, mentions, read_files, things_files
from napari_ovseg.imports.named import read_json, tidy_name
from napari_ovseg.imports.picture_sizes import believed_size
from napari_ovseg.imports.skipped import Skipped, Unusable
from napari_ovseg.imports.things import Shape, Sheet, Table, Thing, draw_all
from napari_ovseg.imports.told import Told, told_of
from napari_ovseg.labelled import LabelledPicture
from napari_ovseg.pictures.with_pillow import any_size

ENDINGS = (".json",)
_BROKEN_MASK = "its mask is no PNG"


def peek(path: Path) -> bool:
    """Whether a file has shapes and a picture, or a folder has such files."""
    if path.is_dir():
        return any(peek(file) for file in things_files(path, ENDINGS))
    return path.suffix.lower() == ".json" and mentions(path, '"shapes"', '"imagePath"')


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read each file, a smaller thing over a larger one.

    Parameters
    ----------
    path : Path
        A file, or a folder of them, which get one table of categories.
    places : Places, optional
        Where the pictures may be.
    """
    places = places or Places()
    files = [path]
    if path.is_dir():
        files = [file for file in things_files(path, ENDINGS) if peek(file) or is_damaged(file)]
    table = Table(background=(BACKGROUND,), void=(IGNORE,))
    return read_files(
        files,
        places,
        lambda file: [_sheet(file, places)],
        lambda sheets, refused: draw_all(sheets, table, refused),
    )


def _sheet(path: Path, places: Places) -> Sheet:
    content = read_json(path)
    shapes = content.get("shapes")
    if not isinstance(shapes, list):
        raise InputError(f"{path} is no LabelMe file: it has no list 'shapes'.")
    told = told_of(content.get(ABOUT), path) or Told()
    picture = places.find(path, content.get("imagePath"), path)
    height, width = content.get("imageHeight"), content.get("imageWidth")
    if (height is None or width is None) and (picture is None or not picture.is_file()):
        height, width = _embedded_size(content.get("imageData")) or (height, width)
    try:
        size, note = believed_size(height, width, picture, path.name)
    except Unusable as error:
        raise InputError(f"{path} can't be read, because {error}.") from error
    skipped = Skipped(path, "shape")
    return Sheet(
        path,
        told.name or path.name.removesuffix(path.suffix),
        size,
        _things(shapes, skipped),
        skipped,
        told,
        picture,
        [note] if note else [],
    )


def _things(shapes: list[Any], skipped: Skipped) -> list[Thing]:
    things = []
    for place, shape in enumerate(shapes, 1):
        if not isinstance(shape, dict):
            skipped.add(f"number {place}", "it is no object")
            continue
        name = tidy_name(shape.get("label"))
        which = f"number {place} '{name:.40}'" if name else f"number {place}"
        kind = shape.get("shape_type") or "polygon"
        if not name:
            skipped.add(which, "it has no label")
        elif not isinstance(kind, str) or kind not in _KINDS:
            skipped.add(which, f"it is a {kind!s:.20}, which covers no pixels that can be told")
        else:
            skipped.rename(shape.get("label"), name)
            things.append(Thing(which, name, partial(_KINDS[kind], shape)))
    return things


def _polygon(said: dict[str, Any], shape: Shape) -> Drawn:
    return cover([[ring_of(said.get("points"))]], shape)


def _rectangle(said: dict[str, Any], shape: Shape) -> Drawn:
    points = points_of(said.get("points"))
    if len(points) == 2:
        (left, top), (right, bottom) = points
        points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return cover([[ring_of(points)]], shape)


def _circle(said: dict[str, Any], shape: Shape) -> Drawn:
    points = points_of(said.get("points"))
    if len(points) != 2:
        raise Unusable("a circle needs its middle and one point of its edge")
    middle, edge = points
    radius = float(np.hypot(*(edge - middle)))
    # Corners closer together than half a pixel are a circle to any pixel.
    turns = np.linspace(0, 2 * np.pi, int(np.clip(4 * np.pi * radius, 16, 20_000)), endpoint=False)
    return cover([[middle + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)]], shape)


def _mask(said: dict[str, Any], shape: Shape) -> Drawn:
    """A picture of the box whose corners are the first and the last pixel."""
    points = points_of(said.get("points"))
    if len(points) != 2:
        raise Unusable("a mask needs the corners of its box")
    left, top = np.rint(points.min(axis=0)).astype(int).tolist()
    with _picture(said.get("mask"), ["PNG"]) as picture:
        width, height = picture.size
        if width > shape[1] or height > shape[0]:
            raise Unusable("its mask is larger than the picture")
        try:
            mask = np.asarray(picture.convert("L") if picture.mode not in ("1", "L", "P") else picture) > 0
        # Decoders raise whatever they like on damaged bytes.
        except Exception as error:
            raise Unusable(_BROKEN_MASK) from error
    first, last = max(-top, 0), max(-left, 0)
    mask = (
        mask[first : shape[0] - top, last : shape[1] - left]
        if top < shape[0] and left < shape[1]
        else mask[:0]
    )
    if not mask.any():
        raise Unusable("it covers no pixel of its picture")
    return (max(top, 0), max(left, 0)), mask


_KINDS: dict[str, Callable[[dict[str, Any], Shape], Drawn]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "rotation": _polygon,
    "quadrilateral": _polygon,
    "circle": _circle,
    "mask": _mask,
}


def _picture(said: Any, formats: list[str] | None = None) -> Image.Image:
    """Open a picture that is written as text, of any size, without decoding it.

    What is decoded later has its formats named: EPS is a program, and another program would run it.
    """
    if not isinstance(said, str):
        raise Unusable("it has no mask")
    try:
        content = io.BytesIO(base64.b64decode(said.partition("base64,")[2] or said))
        with any_size():
            return Image.open(content, formats=formats)
    except (binascii.Error, ValueError, OSError, SyntaxError) as error:
        raise Unusable(_BROKEN_MASK) from error


def _embedded_size(said: Any) -> Shape | None:
    try:
        with _picture(said) as picture:
            return picture.height, picture.width
    except Unusable:
        return None
