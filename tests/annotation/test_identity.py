from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from napari_ovseg.annotation import identity
from napari_ovseg.annotation.identity import difference, identify, identify_stack
from napari_ovseg.errors import InputError


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "cells.tif"
    path.write_bytes(bytes(range(256)) * 10)
    return path


def test_a_file_is_known_by_its_content_wherever_it_lies(picture, tmp_path):
    saved = identify(picture)
    assert saved.checksum.startswith("file:")
    assert saved.size == 2560
    moved = picture.rename(tmp_path / "other.tif")
    assert difference(saved, identify(moved)) is None
    moved.write_bytes(moved.read_bytes()[:-1] + b"x")
    assert "other.tif has changed since" in difference(saved, identify(moved))


def test_an_unchanged_file_is_not_read_again(picture, monkeypatch):
    saved = identify(picture)
    with monkeypatch.context() as patch:
        patch.setattr(identity, "_of_file", lambda *_: pytest.fail("read again"))
        assert identify(picture, known=saved) == saved
    os.utime(picture, ns=(1, 1))
    assert identify(picture, known=replace(saved, checksum="file:wrong")).checksum == saved.checksum
    picture.write_bytes(b"")
    assert difference(saved, identify(picture, known=saved))


def test_pixels_with_a_file_are_known_by_the_file(picture):
    now = identify(np.zeros((3, 4, 3), np.uint16), path=picture)
    assert now.checksum == identify(picture).checksum
    assert (now.shape, now.dtype) == ((3, 4, 3), "uint16")
    assert difference(identify(picture), now) is None


def test_a_file_that_cant_be_read(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        identify(tmp_path / "none.tif")


def test_pixels_without_a_file():
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)
    saved = identify(pixels, path="https://example.org/cells.zarr")
    assert saved.checksum.startswith("pixels:")
    assert difference(saved, identify(pixels.copy())) is None
    assert difference(saved, identify(np.asfortranarray(pixels))) is None
    changed = pixels.copy()
    changed[20, 30] ^= 1
    assert "changed" in difference(saved, identify(changed))
    assert "25 x 80" in difference(saved, identify(pixels.reshape(25, 80)))
    assert difference(saved, identify(pixels.astype(np.uint16)))
    big, little = pixels.astype(">u2"), pixels.astype("<u2")
    assert identify(big).checksum == identify(little).checksum


def test_another_way_of_opening_is_said_so(picture):
    assert "another way" in difference(identify(np.zeros((2, 2))), identify(picture))


class Lazy:
    """Counts what is read of a stack that would not fit into memory."""

    shape, dtype, read = (5000, 20_000, 30_000), np.dtype(np.uint8), 0

    def __init__(self, value=0):
        self.value = value

    def __getitem__(self, index):
        plane, rows, columns = index
        assert 0 <= plane < 5000
        size = (min(rows.stop, 20_000) - rows.start, min(columns.stop, 30_000) - columns.start)
        self.read += size[0] * size[1]
        return np.full(size, self.value, np.uint8)


def test_of_huge_lazy_data_only_a_sample_is_read():
    lazy = Lazy()
    saved = identify(lazy)
    assert saved.checksum.startswith("pixels-sample:")
    assert 1_000_000 < lazy.read < 10_000_000
    assert difference(saved, identify(Lazy())) is None
    assert difference(saved, identify(Lazy(1)))


def test_of_a_huge_file_only_a_sample_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "_MOST_BYTES", 1 << 20)
    monkeypatch.setattr(identity, "_BLOCK", 1 << 10)
    path = tmp_path / "slide.svs"
    content = np.random.default_rng(0).integers(0, 255, 3 << 20, np.uint8)
    path.write_bytes(content.tobytes())
    saved = identify(path)
    assert saved.checksum.startswith("file-sample:")
    content[-1] ^= 1
    path.write_bytes(content.tobytes())
    assert difference(saved, identify(path))
    path.write_bytes(content.tobytes() + b"more")
    assert difference(saved, identify(path))


def test_a_zarr_folder_is_known_by_its_files_but_labels(tmp_path):
    zarr = pytest.importorskip("zarr")
    folder = tmp_path / "cells.zarr"
    array = zarr.create_array(folder / "0", shape=(64, 64), chunks=(32, 32), dtype="uint8")
    array[:] = np.random.default_rng(0).integers(1, 255, (64, 64), np.uint8)
    saved = identify(array, path=folder)
    assert saved.checksum.startswith("folder:")
    assert saved.checksum == identify(folder).checksum
    labels = zarr.create_array(folder / "labels" / "masks", shape=(64, 64), dtype="uint8")
    labels[:] = 1
    assert difference(saved, identify(folder)) is None
    array[3, 3] = 77
    assert "changed" in difference(saved, identify(folder))


def test_a_stack_is_known_by_all_its_files_and_their_order(tmp_path, monkeypatch):
    files = [tmp_path / f"{name}.tif" for name in "abc"]
    for file in files:
        file.write_bytes(file.name.encode() * 9)
    stack = np.zeros((3, 4, 5), np.uint8)
    saved = identify_stack(stack, files)
    assert saved.checksum.startswith("files:")
    assert (saved.path, saved.shape) == (files[0], (3, 4, 5))
    assert difference(saved, identify(files[0]))
    assert identify_stack(stack, files[::-1]).checksum != saved.checksum
    assert identify_stack(stack[:2], files[:2]).checksum != saved.checksum
    with monkeypatch.context() as patch:
        patch.setattr(identity, "_of_file", lambda *_: pytest.fail("read again"))
        assert identify_stack(stack, files, known=saved) == saved
    moved = tmp_path / "moved"
    moved.mkdir()
    assert (
        difference(saved, identify_stack(stack, [file.rename(moved / file.name) for file in files])) is None
    )
    (moved / "b.tif").write_bytes(b"other")
    assert "has changed since" in difference(saved, identify_stack(stack, [moved / f.name for f in files]))
    (moved / "b.tif").unlink()
    with pytest.raises(InputError, match=r"A file of the stack can't be read.*b\.tif"):
        identify_stack(stack, [moved / file.name for file in files])


def test_work_on_one_picture_of_a_folder_does_not_change_the_stack_of_all(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"a")
    saved = identify(tmp_path)
    (tmp_path / "a.tif.ovseg").mkdir()
    (tmp_path / "a.tif.ovseg" / "annotation.json").write_text("{}")
    assert difference(saved, identify(tmp_path)) is None
    (tmp_path / "b.tif").write_bytes(b"b")
    assert difference(saved, identify(tmp_path))
