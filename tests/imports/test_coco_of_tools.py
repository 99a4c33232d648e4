"""COCO as other tools write it, and what only looks like it: read, or one sentence that says what it is."""

from __future__ import annotations

import gzip
import json
import runpy
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.imports import is_labelled, read_labelled

FAULTS = Path(__file__).resolve().parents[3] / "shared" / "faults" / "inputs.py"
SQUARE = [10, 10, 50, 10, 50, 50, 10, 50]


def thing(segmentation, number=1, **more):
    return {"id": number, "image_id": 1, "category_id": 1, "segmentation": segmentation, **more}


def write(folder, name="x.json", **changes):
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 64, "width": 80}],
        "annotations": [thing([SQUARE])],
        "categories": [{"id": 1, "name": "rod"}, {"id": 2, "name": "debris"}],
        **changes,
    }
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps(content))
    return path


def only(path):
    (found,) = read_labelled(path)
    return found


def notes_of(picture):
    return "\n".join(picture.record.get("notes", ()))


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    if not FAULTS.is_file():
        pytest.skip("shared/faults is not here")
    folder = tmp_path_factory.mktemp("faults")
    runpy.run_path(str(FAULTS))["coco"](folder)
    Image.new("RGB", (256, 256)).save(folder / "a.png")
    return folder


WHOLE = {
    "polygon_flat": "", "image_id_text": "", "no_height": "", "windows_path": "", "background_first": "",
    "unused_parent": "'rods'", "other_size": "512 x 512",
}  # fmt: skip
LEFT_OUT = {
    "rle_short": "add up", "rle_negative": "negative", "rle_garbage": "mean nothing", "rle_long": "add up",
    "rle_no_size": "add up", "polygon_nan": "not finite", "polygon_huge": "further out",
    "polygon_null": "null", "polygon_text": "text", "no_category": "no category",
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_faults_that_are_read(faults, name):
    found = only(faults / f"{name}.json")
    assert found.picture_path == faults / "a.png"
    side = 512 if name == "other_size" else 256
    expected = np.zeros((side, side), np.uint8)
    expected[10:50, 10:50] = 1
    if name == "polygon_flat":
        expected[60:90, 60:90] = 1
    np.testing.assert_array_equal(found.labels, expected)
    kinds = 1 if name in ("background_first", "unused_parent") else 2
    assert [label.name for label in found.categories] == ["rod", "debris"][:kinds]
    assert WHOLE[name] in notes_of(found)
    assert bool(WHOLE[name]) == bool(notes_of(found))


@pytest.mark.parametrize("name", LEFT_OUT)
def test_faults_that_are_left_out(faults, name):
    found = only(faults / f"{name}.json")
    expected = np.zeros((256, 256), np.uint8)
    expected[10:50, 10:50] = 1
    np.testing.assert_array_equal(found.labels, expected)
    counted, reason = found.record["notes"]
    assert counted == f"{name}.json: 1 of 2 annotations were read."
    assert f"{name}.json: 1 annotation was left out" in reason
    assert LEFT_OUT[name] in reason
    assert "annotation 2" in reason


def test_polygon_outside_is_clipped(faults):
    expected = np.zeros((256, 256), np.uint8)
    expected[:30, :30] = 1
    np.testing.assert_array_equal(only(faults / "polygon_outside.json").labels, expected)


def test_ids_of_any_kind_are_what_they_say(tmp_path):
    found = read_labelled(
        write(
            tmp_path,
            images=[
                {"id": "1", "file_name": "a.png", "height": "64", "width": 80.0},
                {"id": "img-b", "file_name": "b.png", "height": 64, "width": 80},
            ],
            annotations=[
                thing([SQUARE], image_id=1.0, category_id="1"),
                thing([SQUARE], None, image_id="img-b", category_id=2.0),
            ],
        )
    )
    assert [int(one.labels.max()) for one in found] == [1, 2]
    assert not any(notes_of(one) for one in found)


def test_vgg_image_annotator(tmp_path):
    """Flat lists, ids as text, sizes of 0: as its Annotation > Export (COCO) writes them."""
    Image.new("L", (80, 64)).save(tmp_path / "a.png")
    path = write(
        tmp_path,
        info={"year": 2026},
        images=[{"id": 1, "width": 0, "height": 0, "file_name": "a.png", "license": 0, "date_captured": ""}],
        annotations=[
            {
                "segmentation": SQUARE,
                "area": 1600,
                "bbox": [10, 10, 40, 40],
                "iscrowd": 0,
                "id": 1,
                "image_id": "1",
                "category_id": "2",
            }
        ],
        licenses=[{"id": 0, "name": "Unknown License", "url": ""}],
        categories=[{"supercategory": "type", "id": n, "name": name} for n, name in ((1, "rod"), ("2", "b"))],
    )
    found = only(path)
    assert np.unique(found.labels).tolist() == [0, 2]
    assert found.labels.shape == (64, 80)
    assert [label.name for label in found.categories] == ["rod", "b"]


def test_lists_as_objects(tmp_path):
    images = {"1": {"id": 1, "file_name": "a.png", "height": 64, "width": 80}}
    found = only(write(tmp_path, images=images, annotations={"a": thing([SQUARE])}))
    assert (found.labels == 1).sum() == 1600


def test_lvis_has_addresses_and_synonyms_with_the_name_itself(tmp_path):
    (tmp_path / "val2017").mkdir()
    Image.new("L", (80, 64)).save(tmp_path / "val2017" / "1.jpg")
    images = [
        {
            "id": 1,
            "coco_url": "http://images.cocodataset.org/val2017/1.jpg",
            "height": 64,
            "width": 80,
            "neg_category_ids": [2],
        }
    ]
    categories = [
        {"id": 1, "name": "rod", "synonyms": ["rod", "stick"], "synset": "rod.n.01", "def": "a rod"}
    ]
    found = only(write(tmp_path, images=images, categories=categories))
    assert found.picture_path == tmp_path / "val2017" / "1.jpg"
    assert found.categories[0].synonyms == ("stick",)


@pytest.mark.parametrize(
    ("said", "colour"),
    [
        ("#0a0b0c", (10, 11, 12)),
        ("#abc", (170, 187, 204)),
        ("0A0B0C", (10, 11, 12)),
        ("#0a0b0cff", (10, 11, 12)),
        ("rgb(10, 11, 12)", (10, 11, 12)),
        ("rgba(10, 11, 12, 255)", (10, 11, 12)),
        ("red", (255, 0, 0)),
        ([10, 11, 12], (10, 11, 12)),
        ([10, 11, 12, 255], (10, 11, 12)),
        ([1.0, 0.0, 0.5], (255, 0, 128)),
        ([10.0, 11.4, 12.0], (10, 11, 12)),
        *(
            (wrong, (230, 159, 0))
            for wrong in (None, "", "no colour", [1, 2], [300, 0, 0], [float("nan")] * 3)
        ),
        *((wrong, (230, 159, 0)) for wrong in ({}, 5, True, ["1", "2", "3"], "rgb(300,1,2)", "#" * 9999)),
    ],
)
def test_colours(tmp_path, said, colour):
    found = only(write(tmp_path, categories=[{"id": 1, "name": "rod", "color": said}]))
    assert found.categories[0].colour == colour


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("a, b: c; d", "a, b: c; d"),
        (" \tmany\n lines\0 ", "many  lines"),
        ("می\u200cرود", "می\u200cرود"),
        ("🧫", "🧫"),
        ("background", "background"),
        ("half \ud83e", "half \ufffd"),
        ("x" * 250, "x" * 250),
        (5, "5"),
        (1.5, "1.5"),
        *((wrong, "category 1") for wrong in (None, "", "  ", True, [], {"a": 1})),
    ],
)
def test_names_are_kept_as_they_are(tmp_path, said, name):
    found = only(write(tmp_path, categories=[{"id": 1, "name": said}]))
    assert found.categories[0].name == name


def test_categories_whose_ids_can_not_be_pixels(tmp_path):
    for ids in (["a", "b"], [0, 1], [-1, 5], [65535, 1], [10**12, 2]):
        categories = [{"id": id, "name": f"n{id}"} for id in ids]
        found = only(
            write(tmp_path, categories=categories, annotations=[thing([SQUARE], category_id=ids[0])])
        )
        assert [(label.id, label.name) for label in found.categories] == [
            (place, f"n{id}") for place, id in enumerate(ids, 1)
        ]
        assert found.labels.max() == 1
        assert "counted anew" in notes_of(found)


def test_many_categories(tmp_path):
    categories = [{"id": id, "name": f"n{id}"} for id in range(1, 1001)]
    found = only(write(tmp_path, categories=categories, annotations=[thing([SQUARE], category_id=1000)]))
    assert found.labels.dtype == np.uint16
    assert found.labels.max() == 1000
    more = [{"id": id, "name": "n"} for id in range(1, 65537)]
    with pytest.raises(InputError, match="65536 categories"):
        read_labelled(write(tmp_path, categories=more))


@pytest.mark.parametrize("name", ["_background_", "background", "__Background__"])
def test_background_stays_background_where_a_smaller_hole_is_of_it(tmp_path, name):
    hole = [20, 20, 30, 20, 30, 30, 20, 30]
    categories = [{"id": 0, "name": name}, {"id": 1, "name": "rod"}]
    found = only(
        write(tmp_path, categories=categories, annotations=[thing([SQUARE]), thing([hole], category_id=0)])
    )
    assert [(label.id, label.name) for label in found.categories] == [(1, "rod")]
    assert found.labels[25, 25] == 0
    assert (found.labels == 1).sum() == 1500


def test_a_used_parent_is_a_category(tmp_path):
    categories = [
        {"id": 5, "name": "rods", "supercategory": "none"},
        {"id": 1, "name": "rod", "supercategory": "rods"},
        {"id": 2, "name": "person", "supercategory": "person"},
    ]
    used = only(write(tmp_path, categories=categories, annotations=[thing([SQUARE], category_id=5)]))
    assert [label.name for label in used.categories] == ["rod", "person", "rods"]
    unused = only(write(tmp_path, categories=categories))
    assert [label.name for label in unused.categories] == ["rod", "person"]


def test_ids_that_occur_twice(tmp_path):
    images = [
        {"id": 1, "file_name": "a.png", "height": 64, "width": 80},
        {"id": "1", "file_name": "b.png", "height": 9, "width": 9},
    ]
    categories = [{"id": 1, "name": "rod"}, {"id": 1, "name": "again"}, {"name": "none"}, 3]
    found = only(write(tmp_path, images=images, categories=categories, annotations=[thing([SQUARE])] * 2))
    assert found.name == "a"
    assert [label.name for label in found.categories] == ["rod"]
    said = notes_of(found)
    for part in ("'b.png'", "another picture has its id 1", "'again'", "2 categories were left out"):
        assert part in said
    assert "annotations" not in said


@pytest.mark.parametrize("side", [0, -5, 1e9, float("nan"), "wide", True, 0.5, [64], 10**30, 2**31])
def test_sizes_that_can_not_be_are_taken_from_the_picture_or_it_is_left_out(tmp_path, side):
    images = [
        {"id": 1, "file_name": "a.png", "height": side, "width": 80},
        {"id": 2, "file_name": "b.png", "height": 64, "width": 80},
    ]
    path = write(tmp_path, images=images)
    tracemalloc.start()
    left_out = read_labelled(path)
    Image.new("L", (80, 64)).save(tmp_path / "a.png")
    found = read_labelled(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert [one.name for one in left_out] == ["b"]
    assert "'a.png'" in notes_of(left_out[0])
    assert found[0].labels.shape == (64, 80)
    assert (found[0].labels == 1).sum() == 1600
    assert "the picture was believed" in notes_of(found[0])


def test_ten_thousand_wrong_ones_are_a_few_short_sentences(tmp_path):
    wrong = [thing([[1, 2, float("nan"), 3, 4, 5]], id) for id in range(2, 6002)]
    wrong += [thing({"counts": [1]}, id) for id in range(6002, 9002)] + [
        thing([], id, bbox=[1] * 4) for id in range(999)
    ]
    found = only(write(tmp_path, annotations=[thing([SQUARE]), *wrong]))
    assert (found.labels == 1).sum() == 1600
    said = found.record["notes"]
    assert said[0] == "x.json: 1 of 10000 annotations were read."
    assert "6000 annotations were left out" in said[1]
    assert "annotation 2, annotation 3, annotation 4, annotation 5, annotation 6 and 5995 more" in said[1]
    assert "999 annotations were left out, each because it is a box without a mask" in said[3]
    assert len(said) == 4
    assert max(map(len, said)) < 250


def test_many_annotations_of_a_large_picture_are_read_in_their_boxes(tmp_path):
    side, count = 1000, 200
    corners = np.random.default_rng(0).integers(0, side - 30, (count, 2)).tolist()
    things = [
        thing([[x, y, x + 20, y + 2, x + 25, y + 25, x + 3, y + 20]], number)
        for number, (x, y) in enumerate(corners)
    ]
    path = write(
        tmp_path, images=[{"id": 1, "file_name": "a", "height": side, "width": side}], annotations=things
    )
    tracemalloc.start()
    found = only(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.labels.any()
    assert most < 8 * side * side + 20_000_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON"),
        (b'{"images": [], "annotations": [], "categories": [', "no JSON"),
        ('{"images": [], "annotations": [], "categories": ["Köter"]}'.encode("latin-1"), "UTF-8"),
        (b'{"images": [], "annotations": [], "categories": ' + b"[" * 200_000, "nested too deeply|no JSON"),
        (gzip.compress(b"{}", mtime=0), "packed by gzip"),
        (b"PK\x03\x04", "packed by zip"),
        (b'"images annotations categories"', "single value"),
        (b'[{"image_id": 1, "category_id": 1, "segmentation": [], "score": 0.5}]', "list of COCO results"),
        (b'[{"id": 1, "data": {"image": "a.png"}, "annotations": []}]', "Label Studio"),
        (b"[]", "a JSON list"),
        (b"[1, 2]", "a JSON list"),
        (b'{"_via_settings": {}, "_via_img_metadata": {}}', "VGG Image Annotator"),
        (b'{"a.png123": {"filename": "a.png", "size": 123, "regions": []}}', "VGG Image Annotator"),
        (b'{"description": "", "objects": [], "size": {"height": 1, "width": 1}}', "Supervisely"),
        (b'{"info": {}, "categories": {"label": {}}, "items": []}', "Datumaro"),
        (
            b'{"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": [{"image_id": 1, '
            b'"file_name": "a.png", "segments_info": []}]}',
            "panoptic",
        ),
        (b'{"images": [], "annotations": []}', "no labels with names"),
        (b'{"images": 3, "annotations": [], "categories": []}', "no list 'images'"),
        (b'{"images": [], "annotations": null, "categories": []}', "no list 'annotations'"),
        (b'{"images": [], "annotations": [], "categories": []}', "no picture"),
    ],
    # not their bytes: two processes have to collect the same tests
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_files_that_are_none_are_one_sentence(tmp_path, content, reason):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    is_labelled(path)
    with pytest.raises(InputError, match=reason) as caught:
        read_labelled(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
def test_text_with_a_mark_of_its_encoding(tmp_path, encoding):
    path = write(tmp_path, categories=[{"id": 1, "name": "Köter"}])
    text = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    marked = {"utf-16-be": "\ufeff", "utf-16-le": "\ufeff"}.get(encoding, "") + text
    path.write_bytes(marked.encode(encoding))
    assert is_labelled(path)
    assert only(path).categories[0].name == "Köter"


def test_one_bad_file_of_a_folder_is_said_and_the_rest_is_read(tmp_path):
    write(tmp_path, "instances_train.json")
    (tmp_path / "instances_val.json").write_text("{")
    found = only(tmp_path)
    assert "instances_val.json is no JSON" in notes_of(found)


def test_a_deep_file_leaves_the_interpreter_as_it_was(tmp_path):
    before = sys.getrecursionlimit()
    path = tmp_path / "x.json"
    path.write_bytes(b'{"images":' * 100_000)
    with pytest.raises(InputError):
        read_labelled(path)
    assert sys.getrecursionlimit() == before
