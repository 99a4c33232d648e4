"""Each column against the pixels of its thing."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops_table

from napari_ovseg.export.instances import instances_of
from napari_ovseg.export.measures import Pixel, measure, pixel_in
from napari_ovseg.export.plan import Options

NAMES = {1: "rod", 2: "debris"}


@settings(max_examples=40, deadline=None)
@given(
    labels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 2))
)
def test_each_column_is_what_its_name_says(labels):
    picture = np.random.default_rng(0).integers(0, 256, (*labels.shape, 3), np.uint8)
    things = instances_of(labels, Options())
    table = measure(things.regions, things.ids, NAMES, picture=picture)
    assert table["id"].tolist() == list(range(1, len(things.ids) + 1))
    for place, number in enumerate(table["id"].tolist()):
        rows, columns = np.nonzero(things.regions == number)
        said = {name: column[place] for name, column in table.items()}
        assert said["category_id"] == labels[rows[0], columns[0]]
        assert said["category"] == NAMES[said["category_id"]]
        assert said["area_px"] == rows.size
        assert (said["bbox_top"], said["bbox_left"]) == (rows.min(), columns.min())
        assert (said["bbox_bottom"], said["bbox_right"]) == (rows.max() + 1, columns.max() + 1)
        assert said["centroid_row"] == pytest.approx(rows.mean())
        assert said["centroid_column"] == pytest.approx(columns.mean())
        assert said["mean_red"] == pytest.approx(picture[rows, columns, 0].mean())
        assert said["mean_blue"] == pytest.approx(picture[rows, columns, 2].mean())
        at_the_edge = {0, labels.shape[0] - 1} & set(rows) or {0, labels.shape[1] - 1} & set(columns)
        assert said["touches_edge"] == bool(at_the_edge)


def test_an_ellipse_of_known_axes():
    yy, xx = np.mgrid[:120, :200]
    regions = (((yy - 60) / 20) ** 2 + ((xx - 100) / 80) ** 2 < 1).astype(np.int32)
    table = measure(regions, np.array([2]), NAMES)
    assert table["major_axis_px"][0] == pytest.approx(160, rel=0.01)
    assert table["minor_axis_px"][0] == pytest.approx(40, rel=0.01)
    assert table["eccentricity"][0] == pytest.approx(np.sqrt(1 - 1 / 16), rel=0.01)
    assert abs(table["orientation_deg"][0]) == pytest.approx(90, abs=0.1)
    # Ramanujan's approximation
    assert table["perimeter_px"][0] == pytest.approx(343.1, rel=0.05)


def test_pixels_that_are_not_square():
    yy, xx = np.mgrid[:60, :80]
    labels = ((((yy - 30) * 2 + (xx - 40)) / 30) ** 2 + (((xx - 40) - (yy - 30)) / 20) ** 2 < 1).astype(
        np.uint8
    )
    table = measure(labels.astype(np.int32), np.array([1]), NAMES, pixel=Pixel(0.5, 0.2, "um"))
    names = ("area", "centroid", "axis_major_length", "axis_minor_length", "eccentricity", "orientation")
    wanted = {
        k: float(v[0]) for k, v in regionprops_table(labels, properties=names, spacing=(0.5, 0.2)).items()
    }
    assert table["area_um2"][0] == pytest.approx(wanted["area"])
    assert (table["centroid_y_um"][0], table["centroid_x_um"][0]) == pytest.approx(
        (wanted["centroid-0"], wanted["centroid-1"])
    )
    assert table["major_axis_um"][0] == pytest.approx(wanted["axis_major_length"])
    assert table["minor_axis_um"][0] == pytest.approx(wanted["axis_minor_length"])
    assert table["eccentricity"][0] == pytest.approx(wanted["eccentricity"])
    assert table["orientation_deg"][0] == pytest.approx(np.degrees(wanted["orientation"]))
    assert "perimeter_um" not in table
    square = measure(labels.astype(np.int32), np.array([1]), NAMES, pixel=Pixel(0.5, 0.5, "um"))
    assert square["perimeter_um"][0] == pytest.approx(square["perimeter_px"][0] / 2)


def test_units_that_are_lengths_have_columns():
    assert pixel_in((2.0, 3.0), "microns") == Pixel(2.0, 3.0, "um")
    assert pixel_in((2.0, 3.0), "nm") == Pixel(2.0, 3.0, "nm")
    assert pixel_in((2.0, 3.0), "Å").unit.isascii()
    assert pixel_in((2.0, 3.0), "pixel") is pixel_in((2.0, 3.0), "second") is pixel_in(None, "um") is None


def test_no_things_are_a_table_without_rows():
    table = measure(np.zeros((4, 5), np.int32), np.array([], int), NAMES, picture=np.zeros((4, 5)))
    assert {len(column) for column in table.values()} == {0}
    assert "mean_intensity" in table


@pytest.mark.parametrize(
    ("channels", "names"), [(4, ["red", "green", "blue"]), (2, ["channel_1", "channel_2"])]
)
def test_channels_by_their_names(channels, names):
    picture = np.arange(12 * channels).reshape(3, 4, channels)
    table = measure(np.ones((3, 4), np.int32), np.array([1]), NAMES, picture=picture)
    assert [name.removeprefix("mean_") for name in table if name.startswith("mean_")] == names
    assert table[f"mean_{names[1]}"][0] == picture[..., 1].mean()
