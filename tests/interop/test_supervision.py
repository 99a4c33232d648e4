"""supervision reads COCO, YOLO and LabelMe into masks; it draws polygons with their border."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hard_pictures import (
    CATEGORIES,
    PLAIN,
    TURNED,
    labels,
    same_things,
    things,
    with_border,
)
from programs import program

supervision = program("supervision")
Read = list[tuple[str, np.ndarray]]


def by_picture(dataset) -> dict[str, Read]:
    return {
        Path(path).stem: [
            (dataset.classes[number], mask) for number, mask in zip(one.class_id, one.mask, strict=True)
        ]
        for path, one in dataset.annotations.items()
    }


def drawn_with_borders(name: str) -> list[tuple[int, np.ndarray]]:
    return [(number, with_border(mask)) for number, mask in things(labels(name == TURNED))]


def test_coco_run_lengths_are_the_masks(exported):
    folder = exported("coco")
    dataset = supervision.DetectionDataset.from_coco(
        images_directory_path=str(folder.parent / "pictures"),
        annotations_path=str(folder / "instances.json"),
        force_masks=True,
    )
    assert sorted(dataset.classes) == sorted(category.name for category in CATEGORIES)
    read = by_picture(dataset)
    for name in (TURNED, PLAIN):
        same_things(read[name], list(things(labels(name == TURNED))))


def test_coco_polygons_cover_the_masks(exported):
    folder = exported("coco", polygons=True, validation_share=0.5)
    read = {}
    for split in ("train", "val"):
        dataset = supervision.DetectionDataset.from_coco(
            images_directory_path=str(folder.parent / "pictures"),
            annotations_path=str(folder / f"instances_{split}.json"),
            force_masks=True,
        )
        read |= by_picture(dataset)
    assert set(read) == {TURNED, PLAIN}
    for name, found in read.items():
        expected = drawn_with_borders(name)
        # Cut for their holes, whose border is covered.
        whole = {number for number, mask in things(labels(name == TURNED)) if number not in (2, 21)}
        names = {category.name for category in CATEGORIES if category.id in whole}
        same_things(
            [(said, mask) for said, mask in found if said in names],
            [(number, mask) for number, mask in expected if number in whole],
        )
        for said, mask in found:
            if said not in names:
                (number,) = [category.id for category in CATEGORIES if category.name == said]
                (covered,) = [drawn for one, drawn in things(labels(name == TURNED)) if one == number]
                assert mask[covered].all()
                assert not (mask & ~with_border(covered)).any()


def test_yolo_polygons_are_the_masks_without_holes(exported):
    folder = exported("yolo", validation_share=0.5)
    read = {}
    for split in ("train", "val"):
        dataset = supervision.DetectionDataset.from_yolo(
            images_directory_path=str(folder / "images" / split),
            annotations_directory_path=str(folder / "labels" / split),
            data_yaml_path=str(folder / "data.yaml"),
            force_masks=True,
        )
        assert dataset.classes == [category.name for category in CATEGORIES]
        read |= by_picture(dataset)
    assert set(read) == {TURNED, PLAIN}
    for name, found in read.items():
        same_things(found, drawn_with_borders(name))


# It knows no masks; LabelMe itself does.
@pytest.mark.filterwarnings("ignore:Skipped unsupported LabelMe shape")
def test_labelme_polygons_are_the_masks(exported):
    folder = exported("labelme")
    dataset = supervision.DetectionDataset.from_labelme(
        images_directory_path=str(folder.parent / "pictures"),
        annotations_directory_path=str(folder),
        force_masks=True,
    )
    read = by_picture(dataset)
    assert set(read) == {TURNED, PLAIN}
    for name, found in read.items():
        void = [(said, mask) for said, mask in found if said == "__ignore__"]
        assert [mask.tobytes() for _, mask in void] == [with_border(labels(name == TURNED) == 255).tobytes()]
        same_things(
            [(said, mask) for said, mask in found if said != "__ignore__"],
            [(number, mask) for number, mask in drawn_with_borders(name) if number not in (2, 21)],
        )
