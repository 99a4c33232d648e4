"""OpenCV looks up palettes and obeys orientation tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage.measure import label

from drawn import many
from hard_pictures import COLOUR_OF, PLAIN, TURNED, VOID, labels, shown
from napari_ovseg.colours import BACKGROUND
from napari_ovseg.colours import VOID as VOID_COLOUR
from napari_ovseg.export import export
from programs import program

cv2 = program("cv2")


def read(path: Path, how: int) -> np.ndarray:
    # OpenCV's own way to open files knows no letters beyond the code page on Windows.
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), how)
    assert pixels is not None, path
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


@pytest.mark.parametrize(
    ("format", "ending"), [("png", "_masks.png"), ("tiff", "_masks.tif"), ("ome-tiff", "_masks.ome.tif")]
)
def test_masks_are_shown_in_the_colours_of_the_categories(exported, format, ending):
    palette = np.zeros((256, 3), np.uint8)
    for number, colour in {0: BACKGROUND, VOID: VOID_COLOUR, **COLOUR_OF}.items():
        palette[number] = colour
    for name in (TURNED, PLAIN):
        pixels = read(exported(format) / f"{name}{ending}", cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(pixels, palette[labels(name == TURNED)])


@pytest.mark.parametrize(
    ("format", "ending"), [("png", "_masks.png"), ("tiff", "_masks.tif"), ("ome-tiff", "_masks.ome.tif")]
)
def test_ids_of_16_bits_are_read(tmp_path, format, ending):
    export([many()], tmp_path, format)
    pixels = read(tmp_path / f"many{ending}", cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(pixels, many().labels)
    assert pixels.dtype == np.uint16


def test_things_have_an_id_each(exported):
    for name in (TURNED, PLAIN):
        drawn = labels(name == TURNED)
        drawn[drawn == VOID] = 0
        pixels = read(exported("things-tiff") / f"{name}_things.tif", cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(pixels, label(drawn, connectivity=2))


def test_the_pictures_of_a_yolo_folder_are_upright_whether_or_not_the_tag_is_obeyed(exported):
    folder = exported("yolo", validation_share=0.5)
    for name in (TURNED, PLAIN):
        (path,) = folder.glob(f"images/*/{name}.*")
        for how in (cv2.IMREAD_COLOR, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION):
            np.testing.assert_array_equal(read(path, how), shown(name == TURNED))


def test_masks_lie_on_the_picture_as_opencv_reads_it(exported):
    folder = exported("png")
    for name in (TURNED, PLAIN):
        picture = read(folder.parent / "pictures" / f"{name}.png", cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(picture, shown(name == TURNED))
        assert read(folder / f"{name}_masks.png", cv2.IMREAD_COLOR).shape == picture.shape
