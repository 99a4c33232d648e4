"""Each measure against scikit-image's `regionprops_table`, which looks at things one by one."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops_table

from napari_ovseg.export import measures
from napari_ovseg.export.instances import instances_of
from napari_ovseg.export.measures import Pixel, measure, pixel_in
from napari_ovseg.export.plan import Options

NAMES = {1: "rod", 2: "debris"}
SAME = {
    "area_px": "area",
    "centroid_row": "centroid-0",
    "centroid_column": "centroid-1",
    "bbox_top": "bbox-0",
    "bbox_left": "bbox-1",
    "bbox_bottom": "bbox-2",
    "bbox_right": "bbox-3",
    "perimeter_px": "perimeter",
    "major_axis_px": "axis_major_length",
    "minor_axis_px": "axis_minor_length",
    "eccentricity": "eccentricity",
    "mean_red": "intensity_mean-0",
    "mean_blue": "intensity_mean-2",
}
PROPERTIES = sorted({name.split("-")[0] for name in SAME.values()})


@settings(max_examples=40, deadline=None)
@given(
    labels=hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 2)
    ),
    at_a_time=st.sampled_from([1, 30, 1 << 21]),
)
def test_as_scikit_image_measures_one_by_one(labels, at_a_time):
    picture = np.random.default_rng(0).integers(0, 256, (*labels.shape, 3), np.uint8)
    things = instances_of(labels, Options())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "_PIXELS_AT_A_TIME", at_a_time)
        table = measure(things.regions, things.ids, NAMES, picture=picture)
    wanted = regionprops_table(things.regions, picture, properties=PROPERTIES)
    for ours, theirs in SAME.items():
        np.testing.assert_allclose(table[ours], wanted[theirs], atol=1e-6, err_msg=ours)
    first = [labels[things.regions == number][0] for number in table["id"]]
    assert table["category_id"].tolist() == first
    assert table["category"].tolist() == [NAMES[number] for number in first]
    rim = np.pad(np.zeros(np.subtract(labels.shape, 2).clip(0)), 1, constant_values=1)[
        : len(labels), : labels.shape[1]
    ]
    outer = set(np.unique(things.regions[rim > 0])) - {0}
    assert set(table["id"][table["touches_edge"]]) == outer


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
