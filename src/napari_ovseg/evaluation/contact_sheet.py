"""The worst pictures and the middling ones side by side with their truth, to see what goes wrong."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_ovseg.atomic import write_atomically
from napari_ovseg.colours import VOID as VOID_COLOUR
from napari_ovseg.colours import category_colours
from napari_ovseg.evaluation.datasets import VOID
from napari_ovseg.evaluation.results import PictureResult
from napari_ovseg.evaluation.run import Evaluation
from napari_ovseg.evaluation.truth import classes_in, read_pair
from napari_ovseg.images import to_rgb

SHEET = "contact_sheet.png"
EACH = 4
_PANEL = (320, 240)
_GAP, _LINE = 12, 22
_OPACITY = 0.7
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def write_contact_sheet(path: Path, run: Evaluation) -> None:
    """Write a PNG of the pictures that `chosen` chooses by their own mIoU."""
    rows = [(group, row(result, run)) for group, results in chosen(run.pictures) for result in results]
    if not rows:
        return
    width = 3 * _PANEL[0] + 4 * _GAP
    sheet = Image.new("RGB", (width, sum(strip.height for _, strip in rows) + 3 * _GAP + 3 * _LINE), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    top, said = _GAP, ""
    for group, strip in rows:
        if group != said:
            draw.text((_GAP, top), f"{group}: picture, truth, masks", _INK, font)
            top, said = top + _LINE + _GAP, group
        sheet.paste(strip, (0, top))
        top += strip.height
    sheet = sheet.crop((0, 0, width, top))
    write_atomically(path, partial(sheet.save, format="PNG"))


def chosen(pictures: list[PictureResult]) -> list[tuple[str, list[PictureResult]]]:
    """The worst pictures and those around the median, or all where there are few; without a score none."""
    scored = [(score, picture) for picture in pictures if (score := picture.masks.mean_iou()) is not None]
    ranked = [picture for _, picture in sorted(scored, key=lambda pair: (pair[0], pair[1].key))]
    if len(ranked) <= 2 * EACH:
        return [("All, the worst first", ranked)]
    start = max(EACH, (len(ranked) - EACH) // 2)
    return [("Worst", ranked[:EACH]), ("Median", ranked[start : start + EACH])]


def row(result: PictureResult, run: Evaluation) -> Image.Image:
    """One picture: itself, its truth and its masks, with the names of what is in either."""
    dataset = run.dataset
    pair = next(pair for pair in dataset.pairs if pair.key == result.key)
    picture, truth = read_pair(dataset, pair)
    masks = run.results.masks(result.key) - (0 if dataset.has_background else 1)
    shown = to_rgb(picture)
    first = int(dataset.has_background)
    # black stands for background alone, so that no class of a dataset without one is black
    colours = category_colours(len(dataset.names))[0 if first else 1 :]
    panels = [_fitted(shown), *(_fitted(tinted(shown, classes, colours)) for classes in (truth, masks))]
    strip = Image.new("RGB", (3 * _PANEL[0] + 4 * _GAP, panels[0].height + 2 * _LINE + 2 * _GAP), _PAPER)
    left = _GAP
    for panel in panels:
        strip.paste(panel, (left, 0))
        left += panel.width + _GAP
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(14)
    score = result.masks.mean_iou()
    draw.text((_GAP, panels[0].height + 4), f"{result.key}   mIoU {score:.2f}", _INK, font)
    legend = [k for k in sorted({*classes_in(truth), *np.unique(masks).tolist()}) if k >= first]
    _draw_legend(
        draw,
        font,
        strip.width,
        panels[0].height + 4 + _LINE,
        [(dataset.names[k], colours[k]) for k in legend],
    )
    return strip


def tinted(
    picture: NDArray[np.float32], classes: NDArray[np.int32], colours: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """A picture ``(H, W, 3)``, grey, under the colours ``(K, 3)`` of its classes; void is white."""
    table = np.concatenate([colours, [VOID_COLOUR]]).astype(np.float32) / 255
    over = table[np.where(classes == VOID, len(colours), classes)]
    # colours of its own would turn those of the classes into others than the legend's
    grey = picture.mean(axis=2, keepdims=True)
    return ((1 - _OPACITY) * grey + _OPACITY * over).astype(np.float32)


def _fitted(picture: NDArray[np.floating]) -> Image.Image:
    """As large as fits the panel."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).round().astype(np.uint8))
    factor = min(_PANEL[0] / image.width, _PANEL[1] / image.height)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)


def _draw_legend(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width: int,
    top: int,
    entries: list[tuple[str, NDArray[np.uint8]]],
) -> None:
    """One line of swatches and names; what has no room is counted."""
    left = _GAP
    for number, (name, colour) in enumerate(entries):
        room = 20 + round(font.getlength(name)) + _GAP
        more = f"and {len(entries) - number} more"
        if left + room + font.getlength(more) > width - _GAP and number < len(entries) - 1:
            draw.text((left, top), more, _INK, font)
            return
        draw.rectangle((left, top + 2, left + 14, top + 16), fill=tuple(colour.tolist()))
        draw.text((left + 20, top), name, _INK, font)
        left += room
