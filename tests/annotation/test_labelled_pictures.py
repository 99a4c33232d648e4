from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from napari_ovseg.annotation import Annotation, PictureIdentity, SliceAnnotation
from napari_ovseg.annotation.labelled_pictures import labelled_pictures, read_sidecar, sidecars_of
from napari_ovseg.annotation.sidecar import save
from napari_ovseg.cli import app
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel

LABELS = (NamedLabel(7, "nucleus", (250, 0, 0), ("nuclei",)), NamedLabel(2, "cell", (0, 0, 250)))
MASKS = np.array([[0, 2, 2], [7, 7, 0]], np.uint8)


def annotation(path=None, positions=((),), shape=(2, 3)):
    identity = PictureIdentity(path, "file:0", shape, "uint8")
    piece = SliceAnnotation(MASKS, np.full_like(MASKS, 255), record={"model": "demo"}, done=True)
    return Annotation(
        LABELS, slices=dict.fromkeys(positions, piece), settings={"preset": "fast"}, picture=identity
    )


def test_a_picture(tmp_path):
    (picture,) = labelled_pictures(annotation(tmp_path / "cells.tif"), pixel_size=(0.5, 0.5), unit="um")
    assert picture.name == "cells"
    assert [label.id for label in picture.categories] == [2, 7]
    np.testing.assert_array_equal(picture.labels, MASKS)
    assert picture.picture_path == tmp_path / "cells.tif"
    assert picture.record == {"preset": "fast", "model": "demo"}
    assert picture.done
    assert (picture.pixel_size, picture.unit) == ((0.5, 0.5), "um")


def test_slices_have_names_of_their_own_and_no_file():
    pictures = labelled_pictures(annotation(Path("embryo.tif"), [(11, 0), (2, 1)]), "embryo")
    assert [picture.name for picture in pictures] == ["embryo_0002_0001", "embryo_0011_0000"]
    assert [picture.picture_path for picture in pictures] == [None, None]


@pytest.mark.parametrize(
    ("shape", "whole"), [((2, 3, 3), True), ((3, 2, 3), True), ((), True), ((4, 6), False)]
)
def test_masks_of_a_coarser_level_are_not_those_of_the_file(shape, whole):
    (picture,) = labelled_pictures(annotation(Path("a.tif"), shape=shape))
    assert (picture.picture_path is not None) == whole


def test_what_stands_for_a_sidecar(tmp_path):
    picture = tmp_path / "cells.tif"
    picture.touch()
    first, second = tmp_path / "cells.tif.ovseg", tmp_path / "cells.tif.2.ovseg"
    assert sidecars_of(picture) == sidecars_of(tmp_path) == sidecars_of(tmp_path / "none") == []
    for folder in (first, second):
        save(annotation(picture), folder)
    assert sidecars_of(first) == sidecars_of(picture) == [first]
    assert sidecars_of(tmp_path) == [second, first]
    assert [read_sidecar(folder)[0].name for folder in (first, second)] == ["cells", "cells.tif"]


def test_a_sidecar_without_masks(tmp_path):
    save(Annotation(LABELS), tmp_path / "a.tif.ovseg")
    with pytest.raises(InputError, match="no masks yet"):
        read_sidecar(tmp_path / "a.tif.ovseg")


@pytest.mark.parametrize("given", ["data", "data/cells.tif", "data/cells.tif.ovseg"])
def test_the_command_exports_sidecars(tmp_path, given):
    picture = tmp_path / "data" / "cells.tif"
    picture.parent.mkdir()
    Image.fromarray(MASKS).save(picture)
    save(annotation(picture), tmp_path / "data" / "cells.tif.ovseg")
    result = CliRunner().invoke(
        app, ["export", str(tmp_path / given), "--format", "png", "--output", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "out" / "cells_masks.png") as written:
        np.testing.assert_array_equal(np.asarray(written) > 0, MASKS > 0)
        assert written.getpalette()[3 * int(np.asarray(written)[0, 1]) :][:3] == [0, 0, 250]
