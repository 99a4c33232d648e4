"""globox reads boxes: of COCO, of YOLO, and of every JSON file in a folder of LabelMe."""

from __future__ import annotations

import numpy as np
import pytest

from hard_pictures import CATEGORIES, NAME_OF, PLAIN, TURNED, VOID, labels, things
from programs import program

globox = program("globox")
Box = tuple[str, int, int, int, int]


def boxes(annotation) -> list[Box]:
    corners = ("xmin", "ymin", "xmax", "ymax")
    return sorted(
        (box.label, *(round(getattr(box, corner), 3) for corner in corners)) for box in annotation.boxes
    )


def expected(name: str, *, void: bool = False, holes: bool = True) -> list[Box]:
    names = {**NAME_OF, VOID: "__ignore__"}
    found = []
    for number, mask in things(labels(name == TURNED), void=void):
        if holes or number not in (2, 21):
            rows, columns = np.nonzero(mask)
            found.append((names[number], columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return sorted(found)


def test_coco(exported):
    read = globox.AnnotationSet.from_coco(exported("coco") / "instances.json")
    assert {one.image_id for one in read} == {f"{TURNED}.png", f"{PLAIN}.png"}
    for name in (TURNED, PLAIN):
        assert read[f"{name}.png"].image_size == (90, 60)
        assert boxes(read[f"{name}.png"]) == expected(name)


def test_yolo_labels_find_their_upright_pictures(exported):
    folder = exported("yolo", validation_share=0.5)
    found = {}
    for split in ("train", "val"):
        read = globox.AnnotationSet.from_yolo_seg(
            folder / "labels" / split, image_folder=folder / "images" / split, relative=True
        )
        found |= {one.image_id: one for one in read}
    assert set(found) == {f"{TURNED}.png", f"{PLAIN}.png"}
    numbers = {category.name: str(number) for number, category in enumerate(CATEGORIES)}
    for name in (TURNED, PLAIN):
        assert found[f"{name}.png"].image_size == (90, 60)
        assert boxes(found[f"{name}.png"]) == sorted((numbers[said], *box) for said, *box in expected(name))


@pytest.mark.parametrize("split", [False, True])
def test_every_json_of_a_labelme_folder(exported, split):
    folder = exported("labelme", **({"validation_share": 0.5} if split else {}))
    read = globox.AnnotationSet.from_labelme(folder, include_poly=True, recursive=split)
    assert len(read) == 2
    for annotation in read:
        name = TURNED if annotation.image_id.endswith(f"{TURNED}.png") else PLAIN
        assert annotation.image_id.endswith(f"pictures/{name}.png")
        assert annotation.image_size == (90, 60)
        # What has a hole is a mask, which globox leaves out.
        assert boxes(annotation) == expected(name, void=True, holes=False)
