"""Labels that are read in bands: exports of them say what those of the same labels in memory say."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_ovseg.errors import InputError
from napari_ovseg.export import export, lazy_labels, tiled_tiff
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.export.plan import Dataset, Item, Notes, Options
from napari_ovseg.export.streamed_things import each_thing
from napari_ovseg.labelled import LabelledPicture, NamedLabel

NAMES = (NamedLabel(1, "cat", (200, 10, 10)), NamedLabel(2, "dog", (10, 200, 10)))
SIZES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)
LABELS = arrays.arrays(np.uint8, SIZES, elements=st.sampled_from([0, 0, 1, 1, 2, 255]))


@pytest.fixture(autouse=True, scope="module")
def narrow_bands():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy_labels, "BAND", 4)
        patch.setattr(tiled_tiff, "BAND", 64)
        patch.setattr(tiled_tiff, "TILE", 16)
        yield


def of(labels, lazily=True) -> LabelledPicture:
    return LabelledPicture("a", LazyLabels(labels) if lazily else labels, NAMES)


def things(labels, options, *, lazily) -> tuple[set, tuple[str, ...]]:
    dataset = Dataset(None, NAMES, (), options, Notes())
    found = list(each_thing(Item(of(labels, lazily), "a"), dataset))
    told = {(one.id, one.corner, one.mask.shape, one.mask.tobytes()) for one in found}
    assert len(told) == len(found)
    return told, dataset.notes.sentences()


@settings(max_examples=200, deadline=None)
@given(LABELS, st.sampled_from([4, 8]), st.sampled_from([1, 3]), st.booleans())
def test_what_crosses_bands_is_one_thing(labels, connectivity, area, split):
    options = Options(area, connectivity, split)
    assert things(labels, options, lazily=True) == things(labels, options, lazily=False)


def test_a_comb_and_a_hook_through_all_bands_are_two_things():
    labels = np.zeros((23, 20), np.uint8)
    # teeth that only meet in the last band, and a hook that goes up again
    labels[:, 0:10:2], labels[22, :10] = 1, 1
    labels[2:22, 12], labels[21, 12:16], labels[5:22, 15] = 2, 2, 2
    found, _ = things(labels, Options(connectivity=4), lazily=True)
    assert sorted(id for id, *_ in found) == [1, 2]
    assert found == things(labels, Options(connectivity=4), lazily=False)[0]


@settings(max_examples=30, deadline=None)
@given(labels=LABELS, format=st.sampled_from(["geojson", "coco"]), polygons=st.booleans())
def test_files_hold_the_same(tmp_path_factory, labels, format, polygons):
    found = []
    for lazily in (True, False):
        folder = tmp_path_factory.mktemp("export")
        summary = export([of(labels, lazily)], folder, format, polygons=polygons and format == "coco")
        content = json.loads(
            (folder / ("a.geojson" if format == "geojson" else "instances.json")).read_text()
        )
        each = content.pop("features" if format == "geojson" else "annotations")
        for one in each:
            one.pop("id")
        found.append((content, sorted(map(json.dumps, each)), set(summary.notes)))
    assert found[0] == found[1]


def test_a_tiled_ome_tiff_has_the_same_pixels_names_and_a_pyramid(tmp_path):
    labels = np.random.default_rng(0).integers(0, 3, (1100, 1030)).astype(np.uint8)
    for lazily in (True, False):
        export([of(labels, lazily)], tmp_path / str(lazily), "ome-tiff")
    with tifffile.TiffFile(tmp_path / "True/a_masks.ome.tif") as one:
        series = one.series[0]
        assert one.pages[0].is_tiled
        assert [level.shape for level in series.levels] == [(1100, 1030), (550, 515), (275, 258)]
        for number, level in enumerate(series.levels):
            np.testing.assert_array_equal(level.asarray(), labels[:: 2**number, :: 2**number])
        with tifffile.TiffFile(tmp_path / "False/a_masks.ome.tif") as other:
            np.testing.assert_array_equal(one.pages[0].colormap, other.pages[0].colormap)
            assert one.ome_metadata.count("cat") == other.ome_metadata.count("cat") > 0


def test_it_is_read_from_zarr_in_parts(tmp_path):
    class Bounded:
        """An array of which a band at most is read at once."""

        def __init__(self, stored):
            self.stored, self.shape, self.dtype = stored, stored.shape, stored.dtype

        def __getitem__(self, index):
            part = self.stored[index]
            assert part.size <= 4 * 300
            return part

    labels = np.zeros((200, 300), np.uint8)
    for row, column in product(range(0, 200, 20), range(0, 300, 20)):
        labels[row + 3 : row + 14, column + 3 : column + 14] = 1 + (row + column) // 20 % 2
    stored = zarr.create_array(str(tmp_path / "a.zarr"), data=labels, chunks=(4, 300))
    export([of(Bounded(stored))], tmp_path / "out", "geojson")
    content = json.loads((tmp_path / "out/a.geojson").read_text())
    assert len(content["features"]) == 150


def test_values_without_a_name_get_one(tmp_path):
    labels = np.array([[0, 1, 7], [2, 2, 7]], np.uint8)
    summary = export([of(labels)], tmp_path, "geojson")
    assert any("which has no name" in note for note in summary.notes)


@pytest.mark.parametrize(("format", "things"), [("png", False), ("npz", False), ("ome-tiff", True)])
def test_other_formats_say_what_can_be_done(tmp_path, format, things):
    with pytest.raises(InputError, match="choose one of ome-tiff, coco, geojson"):
        export([of(np.ones((3, 4), np.uint8))], tmp_path, format, things=things)
    assert not any(tmp_path.iterdir())
