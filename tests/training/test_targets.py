"""What is learnt from a picture, against loops over patches and windows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image

from napari_ovseg import relevance_maps
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.images import read_image, to_rgb
from napari_ovseg.training import targets
from napari_ovseg.training.targets import Examples, example_of, look_side, own_side, slid_vectors
from napari_ovseg.training.unlabelled import pictures_in

PATCH = 8


def unit_vectors(model, view):
    """The unit vector of each patch, ``(D, gh, gw)``: its cosines with the axes."""
    return relevance_maps(model.network, view, torch.eye(24), "maskclip").double().numpy()


def slowly(model, view, side):
    """The mean of all windows, patch by patch."""
    rows, columns = view.shape[2] // PATCH, view.shape[3] // PATCH
    cells, step = side // PATCH, side // PATCH // 2

    def starts(length):
        found, start = [], 0
        while start + cells < length:
            found.append(start)
            start += step
        return [*found, max(length - cells, 0)]

    windows = {}
    for top in starts(rows):
        for left in starts(columns):
            bottom, right = min(top + cells, rows), min(left + cells, columns)
            part = view[:, :, top * PATCH : bottom * PATCH, left * PATCH : right * PATCH]
            windows[top, left, bottom, right] = unit_vectors(model, part)
    mean = np.zeros((24, rows, columns))
    for row in range(rows):
        for column in range(columns):
            seen = [
                vectors[:, row - top, column - left]
                for (top, left, bottom, right), vectors in windows.items()
                if top <= row < bottom and left <= column < right
            ]
            mean[:, row, column] = sum(seen) / len(seen)
    return mean


def pooled(cells, grid):
    """The mean of the cells that each of fewer touches, one by one."""
    _, rows, columns = cells.shape
    found = np.zeros((len(cells), *grid))
    for row in range(grid[0]):
        above, below = row * rows // grid[0], math.ceil((row + 1) * rows / grid[0])
        for column in range(grid[1]):
            left, right = column * columns // grid[1], math.ceil((column + 1) * columns / grid[1])
            found[:, row, column] = cells[:, above:below, left:right].mean((1, 2))
    return found


# whole steps, a last window moved back, and a side shorter than a window
@pytest.mark.parametrize("size", [(64, 64), (72, 112), (24, 88), (32, 32)])
def test_windows_are_averaged_as_loops_do(model, size):
    view = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = slid_vectors(model.network, view, 32)
    np.testing.assert_allclose(found, slowly(model, view, 32), atol=1e-5)


def test_an_example_is_one_look_and_the_windows_of_a_larger_picture(model, pictures):
    picture = to_rgb(read_image(pictures / "2.png"))
    found = example_of(picture, model)
    assert (own_side(model), look_side(model)) == (32, 64)
    # twice as wide as high, and about as many pixels as 64 x 64 and 112 x 112
    look, enlarged = (48, 88), (80, 160)
    assert found.target.shape == (6, 11, 24)
    assert found.tokens.shape == (1 + 6 * 11, 32)
    assert found.tokens.dtype == found.target.dtype == torch.float16
    wanted = pooled(slowly(model, model.preprocess(picture, enlarged), 32), (6, 11))
    np.testing.assert_allclose(found.target.permute(2, 0, 1), wanted, atol=2e-3)
    states = model.trunk(model.preprocess(picture, look), levels=True)
    np.testing.assert_allclose(found.tokens, states.levels[-2][0], atol=2e-2)


def test_what_is_there_is_not_computed_again(model, pictures, tmp_path, monkeypatch):
    (pictures / "again.png").write_bytes((pictures / "0.png").read_bytes())
    (pictures / "bad.png").write_bytes(b"no picture")
    Image.new("L", (20, 20)).save(pictures / "empty.png")
    files, unreadable = pictures_in(pictures)
    assert len(files) == 6
    assert unreadable == ()
    told = []
    examples = Examples(tmp_path / "targets", model)
    problems = dict(examples.collect(files, lambda *step: told.append(step)))
    assert told == [("Looking at the pictures", done, 6) for done in range(7)]
    bad = sorted(problem for problem in problems.values() if problem)
    assert len(bad) == 2
    assert all("bad.png" in one or "empty.png" in one for one in bad)
    monkeypatch.setattr(targets, "example_of", None)
    assert dict(examples.collect(files, None)) == problems
    good = [key for key, problem in problems.items() if not problem]
    assert examples.load(good[0]).target.shape[-1] == 24


def test_a_damaged_target_is_named(model, pictures, tmp_path):
    examples = Examples(tmp_path / "targets", model)
    files, _ = pictures_in(pictures)
    list(examples.collect(files, None))
    for path in (tmp_path / "targets").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="damaged or missing: remove it"):
        examples.load(next(iter(files)))


def test_names_of_pictures_play_no_part(pictures):
    before, _ = pictures_in(pictures)
    (pictures / "0.png").rename(pictures / "zebra.png")
    after, _ = pictures_in(pictures)
    assert list(before) == list(after)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no picture in"):
        pictures_in(tmp_path / "none")
    with pytest.raises(InputError, match="no folder"):
        pictures_in(tmp_path / "missing")
