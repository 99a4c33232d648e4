"""Large pictures from end to end, with tiles so small that a drawn picture has four."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from commands import run_here
from napari_ovseg import segment_large
from napari_ovseg.errors import Cancelled, InputError, LossError
from napari_ovseg.imports import read_labelled
from napari_ovseg.large import run
from napari_ovseg.views.lazy_picture import LazyPicture
from napari_ovseg.views.tiled import TILES


class InParts:
    """An array that can't be read whole: more of it at once than a tile is refused."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def __getitem__(self, index):
        found = self.values[index]
        assert found.shape[0] * found.shape[1] <= 160**2
        return found


def of(drawn) -> LazyPicture:
    """The drawn picture, of which black and white are given, so that no sample is read."""
    return LazyPicture([InParts(drawn[0])], limits=(0, 200))


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(drawn, model, tmp_path_factory):
    """What a run that nothing stops writes, and what it tells."""
    target, told = tmp_path_factory.mktemp("whole") / "nuclei.ome.zarr", []
    found = segment_large(of(drawn), "nuclei", target, model=model, progress=lambda *step: told.append(step))
    return found, told


def masks_of(path: Path) -> np.ndarray:
    return zarr.open_array(str(path / "labels/masks/0"), mode="r")[...]


def test_things_are_found_by_windows(whole, drawn):
    found, told = whole
    masks, truth = masks_of(found.path), drawn[1]
    assert masks.shape == truth.shape
    assert ((masks == 1) & truth).sum() / ((masks == 1) | truth).sum() > 0.7
    assert found.share == {"nuclei": pytest.approx((masks == 1).mean(), abs=1e-6)}
    assert found.record["absent"] == []
    assert found.record["look"] != "as it is"
    assert [step for step in told if step[0] == TILES] == [(TILES, done, 4) for done in range(5)]
    assert not found.path.with_name(found.path.name + ".unfinished").exists()


def test_it_is_read_again_with_names_and_record(whole):
    [picture] = read_labelled(whole[0].path)
    np.testing.assert_array_equal(picture.labels, masks_of(whole[0].path))
    assert [(one.id, one.name) for one in picture.categories] == [(1, "nuclei")]
    assert picture.record["look"] == whole[0].record["look"]


def test_other_readers_open_it(whole):
    models = pytest.importorskip("ome_zarr_models.v05")
    models.Image.from_zarr(zarr.open_group(str(whole[0].path), mode="r"))
    reader = pytest.importorskip("ome_zarr.reader")
    io = pytest.importorskip("ome_zarr.io")
    nodes = list(reader.Reader(io.parse_url(str(whole[0].path)))())
    assert any(
        np.array_equal(np.asarray(level), masks_of(whole[0].path)) for node in nodes for level in node.data
    )


def test_a_run_that_was_killed_goes_on_and_ends_the_same(whole, drawn, model, tmp_path):
    target, source = tmp_path / "nuclei.ome.zarr", of(drawn)

    def killed(stage: str, done: int, total: int) -> None:
        if stage == TILES and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment_large(source, "nuclei", target, model=model, progress=killed)
    assert not target.exists()
    unfinished = tmp_path / "nuclei.ome.zarr.unfinished"
    # written half when the power went, and not in the ledger
    half = unfinished / "masks.ome.zarr/labels/masks/0/c/1/0"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"half")
    with pytest.raises(LossError, match="stopped"):
        segment_large(source, "nuclei", target, model=model)
    with pytest.raises(LossError, match="another"):
        segment_large(source, "nuclei", target, model=model, resume=True, seed=1)
    told = []
    segment_large(
        source, "nuclei", target, model=model, resume=True, progress=lambda *step: told.append(step)
    )
    assert [done for stage, done, _ in told if stage == TILES] == [2, 3, 4]
    assert files_in(target) == files_in(whole[0].path)
    assert list(tmp_path.iterdir()) == [target]


def test_each_tile_is_told_of_and_what_is_seen_comes_first(whole, drawn, model, tmp_path):
    expected = masks_of(whole[0].path)
    told = []

    def killed(stage: str, done: int, total: int) -> None:
        if stage == TILES and done == 1:
            raise KeyboardInterrupt

    how = {"model": model, "on_tile": lambda core, masks: told.append((core, masks))}
    target, seen = tmp_path / "nuclei.ome.zarr", (0.9, 0.9, 1, 1)
    with pytest.raises(KeyboardInterrupt):
        segment_large(of(drawn), "nuclei", target, first=seen, progress=killed, **how)
    ((core, _),) = told
    assert (core[0].stop, core[1].stop) == expected.shape
    segment_large(of(drawn), "nuclei", target, first=seen, resume=True, **how)
    # the one that was done already is told of once more
    assert told[1][0] == core
    shown = np.zeros_like(expected)
    for core, masks in told[1:]:
        shown[core] = masks
    np.testing.assert_array_equal(shown, expected)
    assert files_in(target) == files_in(whole[0].path)


def test_what_is_done_is_kept_and_what_is_there_not_replaced(whole, drawn, model):
    path, source = whole[0].path, of(drawn)
    before = files_in(path)
    again = segment_large(source, "nuclei", path, model=model, resume=True)
    assert again.kept
    assert (again.record, again.share) == (whole[0].record, whole[0].share)
    for choices in ({}, {"resume": True, "seed": 1}):
        with pytest.raises(LossError, match="is there already"):
            segment_large(source, "nuclei", path, model=model, **choices)
    assert files_in(path) == before


def test_where_nothing_is_no_network_is_trained(model, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 9, (250, 250)).astype(np.uint8)
    trained = []
    monkeypatch.setattr("napari_ovseg.large.survey.decide_on", lambda *_, **__: trained.append(1))
    found = segment_large(LazyPicture([noise]), "nuclei", tmp_path / "a.zarr", model=model)
    assert found.record["absent"] == ["nuclei"]
    assert not trained
    assert not masks_of(found.path).any()
    assert not (found.path / "labels/masks/0/c").exists()


def test_one_thing_that_fills_a_colour_picture_is_there(model, tmp_path):
    rows, columns = np.mgrid[:250, :250]
    disc = np.hypot(rows - 125, columns - 125) < 90
    picture = np.where(disc[..., None], (220, 40, 40), (40, 90, 60)).astype(np.uint8)
    found = segment_large(LazyPicture([picture]), "red circle", tmp_path / "a.zarr", model=model)
    masks = masks_of(found.path) == 1
    assert found.record["absent"] == []
    assert found.record["look"] == "as it is"
    assert (masks & disc).sum() / (masks | disc).sum() > 0.7


def test_stopping_is_heard_within_a_tile(drawn, model, tmp_path):
    asked = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 30

    with pytest.raises(Cancelled):
        segment_large(of(drawn), "nuclei", tmp_path / "a.zarr", model=model, should_stop=should_stop)
    assert len(asked) < 40


def test_what_can_not_be_done_is_said(drawn, model, tmp_path):
    source = of(drawn)
    with pytest.raises(InputError, match=r"\.ome\.zarr"):
        segment_large(source, "nuclei", tmp_path / "a.tif", model=model)
    with pytest.raises(InputError, match="in parts"):
        segment_large(tmp_path / "a.png", "nuclei", tmp_path / "a.zarr", model=model)
    look = "dark things, background removed, dimmed strongly"
    with pytest.raises(InputError, match="as it is"):
        segment_large(source, "nuclei", tmp_path / "a.zarr", model=model, method="explain", look=look)


@pytest.mark.parametrize("format", ["ome-tiff", "geojson", "coco"])
def test_the_command_line_exports_it_in_parts(whole, tmp_path, monkeypatch, format):
    copied = tmp_path / "nuclei.ome.zarr"
    shutil.copytree(whole[0].path, copied)
    command = ("export", "nuclei.ome.zarr", "--format", format)
    found = []
    for limit in (10**9, 0):
        monkeypatch.setattr("napari_ovseg.imports.ome_zarr.LARGE", limit)
        done = run_here(tmp_path, *command, "--output", f"out{limit}")
        assert done.returncode == 0, done.stderr
        found.append(read_labelled(tmp_path / f"out{limit}"))
    [[at_once], [in_parts]] = found
    np.testing.assert_array_equal(at_once.labels, in_parts.labels)
    np.testing.assert_array_equal(in_parts.labels, masks_of(copied))
    assert at_once.categories == in_parts.categories
    refused = run_here(tmp_path, "export", "nuclei.ome.zarr", "--format", "png", "--output", "no")
    assert refused.returncode == 2
    assert "choose one of ome-tiff, coco, geojson" in refused.stderr


def test_the_command_line_goes_by_tiles_where_a_picture_is_large(drawn, tmp_path, monkeypatch):
    import tifffile

    tifffile.imwrite(tmp_path / "slide.tif", drawn[0], tile=(64, 64))
    tifffile.imwrite(tmp_path / "small.tif", drawn[0][150:200, 150:200])
    monkeypatch.setattr(run, "TILED_FROM", 200 * 200)
    command = (
        "segment",
        "slide.tif",
        "small.tif",
        "--labels",
        "nuclei",
        "--output",
        "out",
        "--device",
        "cpu",
    )
    done = run_here(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert "slide.ome.zarr" in done.stdout
    assert masks_of(tmp_path / "out/slide.ome.zarr").any()
    assert (tmp_path / "out/small_masks.png").exists()
    listed = json.loads((tmp_path / "out/categories.json").read_text())["images"]
    assert [one["masks"] for one in listed] == ["small_masks.png"]
    again = run_here(tmp_path, *command, "--resume")
    assert again.returncode == 0, again.stderr
    assert "done before" in again.stdout
