"""Masks of a multiscale picture lie on a coarse level; all that leaves has the pixels of the full picture."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
import tifffile
from PIL import Image
from pycocotools.coco import COCO
from typer.testing import CliRunner

from napari_ovseg._napari.layers import source
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.cli import app
from napari_ovseg.export import export
from napari_ovseg.export.formats import FORMATS

SIDES = (211, 305)
PIXEL = 0.25


def pyramid(path, factors=(1, 2.1, 4.3)):
    """Write a picture, a disc on a ground that is no flat grey; return its levels, of factors as said."""
    rows, columns = np.indices(SIDES)
    disc = (rows - 90) ** 2 + (columns - 200) ** 2 < 60**2
    picture = np.where(disc[..., None], 230, np.uint8([80, 100, 120]) + (columns % 7)[..., None]).astype(
        np.uint8
    )
    tifffile.imwrite(path, picture, photometric="rgb", ome=True, metadata={
        "axes": "YXS", "PhysicalSizeX": PIXEL, "PhysicalSizeY": PIXEL,
    })  # fmt: skip
    levels = []
    for factor in factors:
        height, width = (round(side / factor) for side in SIDES)
        at = [
            ((np.arange(n) + 0.5) * side / n).astype(int)
            for n, side in zip((height, width), SIDES, strict=True)
        ]
        levels.append(picture[at[0][:, None], at[1]])
    return levels, disc


@pytest.fixture
def annotated(make_panel, tmp_path, monkeypatch):
    """A window with masks on the coarsest level, as a panel, and where the disc is."""
    monkeypatch.setattr(source, "LONGEST_SIDE", 80)
    path = tmp_path / "photo.ome.tif"
    levels, disc = pyramid(path)
    panel = make_panel()
    lazy = [da.from_array(level, 64) for level in levels]
    panel.viewer.add_image(lazy, multiscale=True, name="photo", metadata={METADATA_KEY: {"path": str(path)}})
    panel.run("bright, dark")
    assert panel.viewer.layers["photo masks"].data.shape == levels[-1].shape[:2]
    return panel, disc


def check(picture, disc):
    assert picture.labels.shape == SIDES
    found = picture.labels == 1
    assert (found & disc).sum() > 0.9 * (found | disc).sum()
    assert picture.pixel_size == (PIXEL, PIXEL)
    assert picture.unit == "micrometer"
    assert picture.picture_path.name == "photo.ome.tif"


def test_the_export_dialog_writes_full_pixels_in_every_format(annotated, tmp_path, qtbot):
    panel, disc = annotated
    session = panel.widget.session
    qtbot.waitUntil(lambda: bool(session.places.found), timeout=10_000)
    (picture,) = panel.widget.exporting.labelled_pictures()
    check(picture, disc)
    for name in FORMATS:
        export([picture], tmp_path / name, name)
    with Image.open(tmp_path / "png/photo_masks.png") as masks:
        assert masks.size == SIDES[::-1]
    coco = COCO(str(tmp_path / "coco/instances.json"))
    (image,) = coco.loadImgs(coco.getImgIds())
    assert (image["height"], image["width"]) == SIDES
    assert max(x + w for x, _, w, _ in (one["bbox"] for one in coco.anns.values())) > SIDES[1] / 2
    shapes = json.loads((tmp_path / "labelme/photo.json").read_text())
    assert (shapes["imageHeight"], shapes["imageWidth"]) == SIDES
    copies = [path for path in (tmp_path / "yolo").rglob("*") if path.suffix in (".tif", ".png", ".jpg")]
    for copy in copies:
        with Image.open(copy) as shown:
            assert shown.size == SIDES[::-1]


def test_file_save_and_the_sidecar_have_the_same_pixels(annotated, tmp_path, qtbot):
    panel, disc = annotated
    panel.paint((2, 3), 1)
    (written,) = panel.widget.exporting.labelled_pictures()
    sidecar = tmp_path / "photo.ome.tif.ovseg"
    qtbot.waitUntil(lambda: is_sidecar(sidecar), timeout=10_000)
    panel.widget.session.flush()
    masks = panel.viewer.layers["photo masks"]
    for ending in (".png", ".json"):
        masks.save(str(tmp_path / f"saved{ending}"), plugin="napari-ovseg")
    saved = np.asarray(Image.open(tmp_path / "saved.png"))
    np.testing.assert_array_equal(saved, written.labels)
    assert json.loads((tmp_path / "saved.json").read_text())["images"][0]["width"] == SIDES[1]
    result = CliRunner().invoke(
        app, ["export", str(sidecar), "--format", "ome-tiff", "--output", str(tmp_path / "o")]
    )
    assert result.exit_code == 0, result.output
    (file,) = (tmp_path / "o").glob("*.ome.tif")
    with tifffile.TiffFile(file) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), written.labels)
        assert f'PhysicalSizeX="{PIXEL}"' in tiff.ome_metadata
    # the stroke covers all that its coarse pixel does
    assert (written.labels[9:12, 14:16] == 1).all()
    check(written, disc)


def test_an_export_of_full_pixels_becomes_masks_again(annotated, tmp_path):
    panel, _ = annotated
    before = panel.viewer.layers["photo masks"].data.copy()
    (picture,) = panel.widget.exporting.labelled_pictures()
    export([picture], tmp_path / "out", "png")
    panel.viewer.open(tmp_path / "out" / "categories.json", plugin="napari-ovseg")
    assert panel.viewer.layers.selection.active.data.shape == SIDES
    panel.click(panel.form.take_in.take)
    taken = panel.widget.annotator.current.masks.layer
    assert taken is not panel.viewer.layers["photo masks"]
    np.testing.assert_array_equal(taken.data, before)
    assert "coarser level of the picture, 49 x 71" in panel.form.message.text()
