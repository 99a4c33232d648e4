"""What is learnt from: saved work that is done, and exports; everything else is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.annotation.annotation import Annotation, PictureIdentity, SliceAnnotation
from napari_ovseg.annotation.places import sidecar_folder
from napari_ovseg.annotation.sidecar import save
from napari_ovseg.errors import InputError
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.training.annotated import fitting, read_annotated

LABELS = (NamedLabel(1, "rod", (255, 0, 0), ("bar",)), NamedLabel(3, "cell", (0, 255, 0)))


def picture_at(path: Path, seed: int = 0, size=(12, 16)) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).save(path)
    return path


def masks(seed: int = 0, size=(12, 16)) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([0, 1, 3], np.uint8), size)


def piece(seed: int = 0, done: bool = True) -> SliceAnnotation:
    labels = masks(seed)
    human = np.full_like(labels, 255)
    human[:3] = labels[:3]
    return SliceAnnotation(labels, human, done=done)


def saved(path: Path, slices: dict[tuple[int, ...], SliceAnnotation], shape: tuple[int, ...] = ()) -> None:
    identity = PictureIdentity(path, "file:0", shape, "")
    save(Annotation(LABELS, slices=slices, picture=identity), sidecar_folder(path))


def read(source: Path):
    skipped: list[str] = []
    return list(read_annotated(source, skipped)), skipped


def test_saved_work_that_is_done_comes_with_its_human_pixels(tmp_path):
    for number, done in enumerate((True, False)):
        path = picture_at(tmp_path / f"{number}.png", number)
        saved(path, {(): piece(number, done)})
    (one,), (problem,) = read(tmp_path)
    np.testing.assert_array_equal(one.labels, masks(0))
    assert one.human[:3].all()
    assert not one.human[3:].any()
    assert one.categories == LABELS
    assert problem == "1.png: 1 of 1 are not marked as done."


def test_slices_of_a_stack_that_are_done_are_pictures_of_their_own(tmp_path):
    path = tmp_path / "stack.tif"
    stack = np.random.default_rng(0).integers(0, 60000, (5, 12, 16), np.uint16)
    tifffile.imwrite(path, stack, metadata={"axes": "ZYX"})
    saved(path, {(1,): piece(1), (3,): piece(3), (4,): piece(4, False)})
    found, (problem,) = read(path)
    assert len(found) == 2
    for one, at in zip(found, (1, 3), strict=True):
        np.testing.assert_array_equal(one.labels, masks(at))
        order = stack[at].ravel().argsort()
        # stretched, and in the same order
        assert (np.diff(one.picture[..., 0].ravel()[order]) >= 0).all()
    assert "1 of 3" in problem


def test_a_stack_that_has_become_another_is_said(tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((2, 12, 16), np.uint8) + np.arange(16, dtype=np.uint8))
    saved(path, {(4,): piece(4)})
    found, problems = read(path)
    assert not found
    assert "fewer slices than were annotated" in problems[-1]
    picture_at(path.with_suffix(".png")).replace(path)
    _, problems = read(path)
    assert "other axes" in problems[-1]


def test_an_export_is_read_with_its_pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures = [
        LabelledPicture(f"{number}", masks(number), LABELS, picture_at(folder / f"{number}.png", number))
        for number in range(3)
    ]
    pictures[2] = replace(pictures[2], done=False)
    export(pictures, tmp_path / "out", "png")
    (folder / "1.png").unlink()
    found, problems = read(tmp_path / "out")
    (one,) = found
    np.testing.assert_array_equal(one.labels, masks(0))
    assert one.human is None
    assert len(problems) == 2
    assert "1.png" in problems[0]
    assert problems[1] == "2 is not marked as done."


def test_masks_of_another_size_are_said(tmp_path):
    path = picture_at(tmp_path / "a.png")
    saved(path, {(): piece()})
    picture_at(path, size=(24, 32))
    found, (problem,) = read(tmp_path)
    assert not found
    assert "24 x 32 and 12 x 16" in problem


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="There is nothing at"):
        read(tmp_path / "none")
    with pytest.raises(InputError, match=r"There are no masks for .* mark them as done"):
        read(tmp_path)


def as_read(piece: SliceAnnotation, **reading: object) -> SliceAnnotation:
    return replace(piece, record={"read": reading})


def test_a_slice_of_a_cubic_stack_is_cut_along_the_axes_that_it_was_annotated_along(tmp_path):
    path = tmp_path / "cube.tif"
    cube = np.random.default_rng(0).integers(0, 60000, (12, 12, 12), np.uint16)
    tifffile.imwrite(path, cube, metadata={"axes": "ZYX"})
    labels = masks(0, (12, 12))
    seen = SliceAnnotation(labels, np.full_like(labels, 255), done=True)
    saved(path, {(3,): as_read(seen, axes=[0, 2])})
    (one,), problems = read(path)
    assert not problems
    order = cube[:, 3].ravel().argsort()
    assert (np.diff(one.picture[..., 0].ravel()[order]) >= 0).all()


def test_channels_and_contrast_are_those_that_were_shown(tmp_path):
    path = tmp_path / "channels.tif"
    channels = np.random.default_rng(0).integers(0, 1000, (4, 12, 16), np.uint16)
    tifffile.imwrite(path, channels, metadata={"axes": "CYX"})
    saved(path, {(): as_read(piece(), axes=[1, 2], channel_axis=0, channels=[2])})
    (one,), problems = read(path)
    assert not problems
    order = channels[2].ravel().argsort()
    assert (np.diff(one.picture[..., 0].ravel()[order]) >= 0).all()
    grey = tmp_path / "grey.tif"
    tifffile.imwrite(grey, channels[0])
    saved(grey, {(): as_read(piece(), axes=[0, 1], contrast_limits=[100, 300])})
    (one,), _ = read(grey)
    wanted = np.clip((channels[0].astype(float) - 100) / 200, 0, 1)
    np.testing.assert_allclose(one.picture[..., 1], wanted, atol=1e-3)


def test_several_layers_read_as_one_are_said(tmp_path):
    path = picture_at(tmp_path / "a.png")
    saved(path, {(): as_read(piece(), axes=[0, 1], layers=[{"name": "a"}, {"name": "b"}])})
    found, (problem,) = read(tmp_path)
    assert not found
    assert "several layers were read as one picture" in problem


def test_saved_work_comes_before_older_files_beside_it(tmp_path):
    path = picture_at(tmp_path / "a.png")
    shape = {"label": "old", "points": [[1, 1], [5, 1], [5, 5]], "shape_type": "polygon"}
    content = {"version": "5.0.1", "flags": {}, "shapes": [shape], "imagePath": "a.png", "imageData": None}
    (tmp_path / "a.json").write_text(json.dumps(content | {"imageHeight": 12, "imageWidth": 16}))
    (old,), _ = read(tmp_path)
    assert [label.name for label in old.categories] == ["old"]
    saved(path, {(): piece()})
    (one,), _ = read(tmp_path)
    assert one.categories == LABELS


def test_human_pixels_of_work_on_a_coarse_level_come_with_it(tmp_path):
    path = picture_at(tmp_path / "a.png", size=(24, 32))
    saved(path, {(): as_read(piece(), axes=[0, 1])}, (24, 32, 3))
    (one,), _ = read(tmp_path)
    assert one.labels.shape == one.human.shape == (24, 32)
    assert one.human[:6].all()
    assert not one.human[6:].any()


def test_masks_without_names_or_with_ids_that_do_not_fit_are_said(tmp_path):
    path = picture_at(tmp_path / "a.png")
    identity = PictureIdentity(path, "file:0", (), "")
    save(Annotation((), slices={(): piece()}, picture=identity), sidecar_folder(path))
    found, (problem,) = read(tmp_path)
    assert not found
    assert "no names" in problem
    for id in (255, 300):
        with pytest.raises(InputError, match=f"the id {id} doesn't fit"):
            fitting(
                LabelledPicture("a", masks(), (NamedLabel(id, "rod", (255, 0, 0)),)),
                np.zeros((12, 16, 3), np.float32),
                None,
            )


def test_each_problem_says_of_which_picture_it_is(tmp_path):
    path = tmp_path / "nan.tif"
    tifffile.imwrite(path, np.full((12, 16), np.nan, np.float32))
    saved(path, {(): piece()})
    found, (problem,) = read(tmp_path)
    assert not found
    assert problem.startswith("nan: The picture holds 192 values that are NaN")
