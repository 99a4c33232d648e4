from pathlib import Path

import numpy as np
import pytest

from napari_ovseg.demo.canvases import (
    Canvas,
    empty_canvas,
    large_nuclei_for_training,
    nuclei_canvas,
    nuclei_split,
    pieces_of,
    scene_canvas,
    stretched,
)
from napari_ovseg.errors import InputError

PHOTOS = Path(__file__).resolve().parents[2] / "../shared/photos"
needs_nuclei = pytest.mark.skipif(not (PHOTOS / "nuclei").is_dir(), reason="needs ../shared/photos/nuclei")
needs_large = pytest.mark.skipif(
    not (PHOTOS / "nuclei_large").is_dir(), reason="needs ../shared/photos/nuclei_large"
)


@needs_nuclei
def test_a_fifth_of_the_real_pictures_is_held_out() -> None:
    train, test = (nuclei_split(PHOTOS / "nuclei", part) for part in ("train", "test"))
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    assert len(test) == pytest.approx(0.2 * (len(train) + len(test)), abs=1)
    assert {row["kind"] for row in test} == {"fluorescence", "stained"}
    canvas = nuclei_canvas(PHOTOS / "nuclei", test[0])
    assert canvas.kind == "grey"
    assert canvas.picture.shape == (*canvas.labels.shape, 3)
    assert set(np.unique(canvas.labels)) == {0, 1}


@needs_large
def test_every_second_large_picture_is_held_out() -> None:
    rows = large_nuclei_for_training(PHOTOS / "nuclei_large")
    index = (PHOTOS / "nuclei_large/index.csv").read_text().splitlines()[1:]
    assert [row["id"] for row in rows] == [line.split(",")[0] for line in index[1::2]]


def test_a_folder_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No index\.csv in"):
        nuclei_split(tmp_path, "train")


def test_pieces_are_counted_by_thing_and_specks_are_none() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[2:8, 3:7] = 1
    labels[20:24, 10:20] = 1
    labels[30:34, 40:44] = 2
    labels[0, 50:55] = 2
    thing, top, left, side, area = pieces_of(labels).T
    assert thing.tolist() == [1, 1, 2]
    assert area.tolist() == [24, 40, 16]
    assert side.tolist() == [6, 10, 4]
    assert list(zip(top.tolist(), left.tolist(), strict=True)) == [(2, 2), (17, 10), (30, 40)]


def test_nothing_is_in_an_empty_ground_and_no_two_are_alike() -> None:
    one, other = (empty_canvas((0, k)) for k in range(2))
    assert one.labels.max() == 0
    assert len(one.truths) == len(one.regions) == 0
    assert (one.picture != other.picture).any()
    assert (one.picture == empty_canvas((0, 0)).picture).all()


def test_a_scene_turns_grey_only_where_everything_stays_visible() -> None:
    greyable = 0
    for seed in range(30):
        canvas = scene_canvas((1, seed))
        if canvas.in_grey is None:
            continue
        greyable += 1
        grey = canvas.picture @ canvas.in_grey / 255
        ground = grey[canvas.labels == 0].mean()
        for thing in range(1, canvas.labels.max() + 1):
            assert abs(grey[canvas.labels == thing].mean() - ground) >= 0.14
    assert greyable >= 5


def test_stretched_grey_values_fill_the_range() -> None:
    rng = np.random.default_rng(0)
    dim = np.repeat(rng.integers(10, 40, (64, 64, 1)), 3, 2).astype(np.uint8)
    canvas = Canvas(
        dim, np.zeros((64, 64), np.uint8), np.zeros((0, 3), bool), np.zeros(0, bool), np.zeros((0, 5), int)
    )
    shown = stretched(canvas).picture
    assert shown.min() == 0
    assert shown.max() == 255
    # a flat picture stays flat: its noise is not blown up
    flat = np.full((64, 64, 3), 20, np.uint8)
    flat[::2] += 1
    assert np.ptp(stretched(Canvas(flat, *list(vars(canvas).values())[1:])).picture) <= 60
