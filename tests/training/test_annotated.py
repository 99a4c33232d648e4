"""What is learnt from: saved work that is done, and exports; everything else is said."""

from __future__ import annotations

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
from napari_ovseg.training.annotated import names_of, read_annotated

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


def saved(path: Path, slices: dict[tuple[int, ...], SliceAnnotation]) -> None:
    identity = PictureIdentity(path, "file:0", (), "")
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
    assert names_of([one]) == ("rod", "cell")


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
    assert [name for name in ("1", "2") if any(problem.startswith(name) for problem in problems)]


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
    with pytest.raises(InputError, match="holds no labels with names"):
        read(tmp_path)
