from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from napari_ovseg.annotation import Annotation, PictureIdentity, SliceAnnotation, places
from napari_ovseg.annotation import labelled_pictures as labelled_pictures_module
from napari_ovseg.annotation.labelled_pictures import SavedWork, labelled_pictures, read_work, saved_work
from napari_ovseg.annotation.places import free_sidecar, saved_sidecars, sidecar_folder
from napari_ovseg.annotation.sidecar import DOCUMENT, save
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


def looked_at():
    """A stack of which slice 1 was run, 4 has a stroke of background, and 0 and 3 were only looked at."""
    work = annotation(Path("embryo.tif"), [(1,)])
    blank, nobody = np.zeros_like(MASKS), np.full_like(MASKS, 255)
    painted = nobody.copy()
    painted[0, 0] = 0
    work.slices |= {(0,): SliceAnnotation(blank, nobody), (3,): SliceAnnotation(blank, nobody)}
    work.slices[(4,)] = SliceAnnotation(blank, painted)
    return work


def test_slices_that_were_only_looked_at_are_left_out_and_said_so():
    pictures = labelled_pictures(looked_at(), "embryo")
    assert [picture.name for picture in pictures] == ["embryo_0001", "embryo_0004"]
    assert pictures[0].record["notes"] == ["Slices 0, 3 were neither run nor painted and left out."]
    known = labelled_pictures(looked_at(), "embryo", stack=[7])
    assert "Slices 0, 2, 3, 5, 6 were" in known[0].record["notes"][0]
    assert len(labelled_pictures(looked_at(), "embryo", empty=True)) == 4
    every = labelled_pictures(looked_at(), "embryo", empty=True, stack=[7])
    assert [picture.labels.any() for picture in every] == [False, True, False, False, False, False, False]
    assert "notes" not in every[0].record


def test_the_command_line_leaves_them_out_unless_asked(tmp_path):
    save(looked_at(), tmp_path / "embryo.tif.ovseg")
    options = ["--format", "png", "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["export", str(tmp_path / "embryo.tif.ovseg"), *options])
    assert done.exit_code == 0, done.output
    assert "Slices 0, 3 were neither run nor painted and left out." in done.output
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    again = ["export", str(tmp_path / "embryo.tif.ovseg"), *options, "--overwrite", "--empty-slices"]
    assert CliRunner().invoke(app, again).exit_code == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 4


@pytest.mark.parametrize(
    ("shape", "full"),
    [
        ((2, 3, 3), (2, 3)),
        ((3, 2, 3), (2, 3)),
        ((), (2, 3)),
        ((4, 6), (4, 6)),
        ((5, 7, 3), (5, 7)),
        ((3, 200, 300), (200, 300)),
    ],
)
def test_masks_of_a_coarser_level_are_given_the_pixels_of_the_file(shape, full):
    (picture,) = labelled_pictures(annotation(Path("a.tif"), shape=shape))
    assert picture.picture_path is not None
    # Pillow's nearest takes the pixel that covers the centre, too
    wanted = Image.fromarray(MASKS).resize(full[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(picture.labels, wanted)


@pytest.mark.parametrize("shape", [(1, 3), (2, 30)])
def test_masks_that_are_no_level_of_the_picture_stay_as_they_are(shape):
    (picture,) = labelled_pictures(annotation(Path("a.tif"), shape=shape))
    assert picture.picture_path is None
    np.testing.assert_array_equal(picture.labels, MASKS)


def test_there_may_be_no_memory_for_the_full_picture():
    with pytest.raises(InputError, match="GB are free"):
        labelled_pictures(annotation(Path("a.tif"), shape=(20_000_000, 30_000_000)))


@pytest.fixture
def own(tmp_path, monkeypatch):
    for module in (places, labelled_pictures_module):
        monkeypatch.setattr(module, "own_sidecars", lambda: tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def cells(tmp_path, own):
    picture = tmp_path / "data" / "cells.tif"
    picture.parent.mkdir()
    picture.touch()
    return picture


def saved(picture, folder, seconds):
    """Save work, and let it be so old."""
    save(annotation(picture), folder)
    text = (folder / DOCUMENT).read_text()
    (folder / DOCUMENT).write_text(
        re.sub(r'"at": ".*?"', f'"at": "2024-01-01T00:00:{seconds:02}+00:00"', text)
    )
    return folder


def test_what_stands_for_saved_work(cells):
    folder = cells.with_name("cells.tif.ovseg")
    for nothing in (cells, cells.parent, cells.parent / "none"):
        assert saved_work(nothing) == []
    saved(cells, folder, 1)
    for source in (cells, cells.parent, folder):
        assert saved_work(source) == [SavedWork("cells.tif", folder)]


def test_of_several_numbers_of_one_picture_the_latest_counts(cells):
    folders = [cells.with_name(f"cells.tif{number}.ovseg") for number in ("", ".2", ".10")]
    for folder, seconds in zip(folders, (3, 9, 5), strict=True):
        saved(cells, folder, seconds)
    (work,) = saved_work(cells.parent)
    assert work == SavedWork("cells.tif", folders[1], (folders[2], folders[0]))
    assert saved_work(cells) == [work]
    # who names one wants that one
    assert saved_work(folders[2]) == [SavedWork("cells.tif", folders[2])]
    (picture,) = read_work(work)
    assert picture.name == "cells"
    (note,) = picture.record["notes"]
    assert str(folders[1]) in note
    assert str(folders[0]) in note


def test_a_picture_whose_name_ends_in_a_number_is_itself(cells):
    for name in ("scan", "scan.2"):
        saved(cells.with_name(name), cells.with_name(f"{name}.ovseg"), 1)
    assert [work.name for work in saved_work(cells.parent)] == ["scan", "scan.2"]
    assert saved_sidecars(cells.with_name("scan.ovseg")) == [cells.with_name("scan.ovseg")]


def test_work_in_the_users_own_folder_and_in_a_chosen_one_is_found(cells, own, tmp_path):
    chosen, beside = tmp_path / "chosen", cells.with_name("cells.tif.ovseg")
    in_own = saved(cells, sidecar_folder(cells, own), 5)
    assert saved_work(cells) == saved_work(cells.parent) == [SavedWork("cells.tif", in_own)]
    in_chosen = saved(cells, free_sidecar(sidecar_folder(cells, chosen)), 7)
    further = saved(cells, free_sidecar(sidecar_folder(cells, chosen)), 6)
    saved(cells, beside, 1)
    # of a picture of the same name in another folder
    saved(cells, sidecar_folder(tmp_path / "others" / "cells.tif", chosen), 9)
    assert saved_work(cells) == [SavedWork("cells.tif", in_own, (beside,))]
    expected = SavedWork("cells.tif", in_chosen, (further, in_own, beside))
    assert saved_work(cells, chosen) == saved_work(cells.parent, chosen) == [expected]
    assert read_work(expected)[0].name == "cells"


def test_the_size_of_a_pixel_is_read_from_the_picture(cells):
    tifffile.imwrite(cells, MASKS, resolution=(20_000, 40_000), resolutionunit=3)
    saved(cells, cells.with_name("cells.tif.ovseg"), 1)
    (work,) = saved_work(cells)
    (picture,) = read_work(work)
    assert picture.pixel_size == pytest.approx((0.25, 0.5))
    assert picture.unit == "micrometer"
    cells.write_bytes(b"another")
    assert read_work(work)[0].pixel_size is None


def test_layers_of_one_file_are_exported_under_names_of_their_own(cells):
    for part in ("", "GFP"):
        saved(cells, sidecar_folder(cells, part=part), 1)
    assert [read_work(work)[0].name for work in saved_work(cells.parent)] == ["cells", "cells-GFP"]
    assert [work.name for work in saved_work(cells)] == ["cells.tif"]


def test_a_sidecar_without_masks(tmp_path):
    save(Annotation(LABELS), tmp_path / "a.tif.ovseg")
    with pytest.raises(InputError, match="no masks yet"):
        read_work(saved_work(tmp_path / "a.tif.ovseg")[0])


def test_what_was_passed_over_is_said_by_the_command(cells, tmp_path):
    Image.fromarray(MASKS).save(cells)
    saved(cells, cells.with_name("cells.tif.ovseg"), 1)
    saved(cells, sidecar_folder(cells, tmp_path / "chosen"), 2)
    given = [str(cells), "--format", "png", "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["export", *given, "--saved-in", str(tmp_path / "chosen")])
    assert result.exit_code == 0, result.output
    assert "the latest was taken" in result.output.replace("\n", " ")
    assert "Wrote 2 files for 1 picture" in result.output


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
