"""Real photos, laid out as the official archives are; skipped where they are not at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.evaluation.datasets import VOID, open_dataset
from napari_ovseg.evaluation.report import write_report
from napari_ovseg.evaluation.run import evaluate
from napari_ovseg.evaluation.truth import read_pair
from napari_ovseg.models.clip.registry import DEMO_FOLDER

from . import archives
from .ways import way

PHOTOS = Path(__file__).resolve().parents[2] / "../shared/photos"
pytestmark = [
    pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"no photos in {PHOTOS}"),
    pytest.mark.skipif(
        not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not there"
    ),
]
# COCO's ids in the order of its 80 things: an official COCO-Stuff mask holds the id less one
COCO_IDS = [k for k in range(1, 91) if k not in {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}]


@pytest.fixture(scope="module")
def how():
    from napari_ovseg import load_model

    return way(load_model("demo"), preset="fast")


def link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def values(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def voc(root: Path, count: int) -> list[str]:
    rows = list(csv.DictReader((PHOTOS / "voc/index.csv").open()))
    stems = [row["id"] for row in rows if row["voc2012_split"] == "val"][:count]
    for stem in stems:
        link(PHOTOS / f"voc/images/{stem}.jpg", root / f"VOCdevkit/VOC2012/JPEGImages/{stem}.jpg")
        link(PHOTOS / f"voc/masks/{stem}.png", root / f"VOCdevkit/VOC2012/SegmentationClass/{stem}.png")
    archives.text(root / "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt", *stems)
    return stems


@pytest.mark.usefixtures("little_training")
def test_voc_photos_from_archive_to_report(tmp_path, how):
    stems = voc(tmp_path / "voc", 3)
    labels = {row["id"]: row["labels"].split() for row in csv.DictReader((PHOTOS / "voc/index.csv").open())}
    dataset = open_dataset("voc21", tmp_path / "voc")
    found = evaluate(dataset, how, tmp_path / "out")
    for result, stem in zip(found.pictures, stems, strict=True):
        assert sorted(name.replace(" ", "") for name in result.asked) == sorted(labels[stem])
        truth = values(PHOTOS / f"voc/masks/{stem}.png")
        assert sum(counted[2] for counted in result.masks.of.values()) == (truth != 255).sum()
        assert found.results.masks(stem).shape == truth.shape
    assert 0 < write_report(found)["pooled mIoU"] < 1


def test_every_voc_mask_at_hand_can_be_read(tmp_path):
    voc(tmp_path, 1000)
    for name in ("voc21", "voc20"):
        dataset = open_dataset(name, tmp_path)
        for pair in dataset.pairs[::5]:
            _, truth = read_pair(dataset, pair)
            assert ((truth == VOID) == np.isin(values(pair.masks[0]), (0, 255)[name == "voc21" :])).all()


@pytest.mark.usefixtures("little_training")
def test_coco_photos_as_objects_and_as_stuff(tmp_path, how):
    for source in sorted((PHOTOS / "coco/masks").glob("*.png"))[:3]:
        link(PHOTOS / f"coco/images/{source.stem}.jpg", tmp_path / f"coco/images/val2017/{source.stem}.jpg")
        # what is no thing in these masks is unlabelled in the official ones
        official = np.array([255, *(k - 1 for k in COCO_IDS)], np.uint8)[values(source)]
        target = tmp_path / f"coco/annotations/val2017/{source.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(official).save(target)
    objects, stuff = (open_dataset(name, tmp_path / "coco") for name in ("coco-object", "coco-stuff"))
    names = (PHOTOS / "coco/classes.txt").read_text().split("\n")
    assert list(objects.names) == names[:81]
    for pair in objects.pairs:
        truth = values(PHOTOS / f"coco/masks/{pair.key}.png").astype(int)
        assert (read_pair(objects, pair)[1] == truth).all()
        assert (read_pair(stuff, pair)[1] == np.where(truth == 0, VOID, truth - 1)).all()
    found = evaluate(objects, how, tmp_path / "objects", limit=1)
    assert "background" not in found.pictures[0].asked
    found = evaluate(stuff, how, tmp_path / "stuff", limit=1)
    assert found.results.masks(found.pictures[0].key).min() >= 1


@pytest.mark.usefixtures("little_training")
def test_camvid_frames_have_a_class_in_every_pixel(tmp_path, how):
    lines = []
    for source in sorted((PHOTOS / "camvid/masks").glob("*.png"))[:2]:
        link(PHOTOS / f"camvid/images/{source.name}", tmp_path / f"CamVid/test/{source.name}")
        link(source, tmp_path / f"CamVid/testannot/{source.name}")
        lines.append(f"/SegNet/CamVid/test/{source.name} /SegNet/CamVid/testannot/{source.name}")
    archives.text(tmp_path / "CamVid/test.txt", *lines)
    dataset = open_dataset("camvid", tmp_path)
    found = evaluate(dataset, how, tmp_path / "out")
    for result in found.pictures:
        truth = values(PHOTOS / f"camvid/masks/{result.key}.png")
        assert len(result.asked) == len(np.unique(truth[truth < 11]))
        assert found.results.masks(result.key).min() >= 1
        assert sum(counted[1] for counted in result.masks.of.values()) == (truth < 11).sum()


def test_nuclei_are_found_by_the_model_that_knows_them(tmp_path, how):
    rows = [r for r in csv.DictReader((PHOTOS / "nuclei/index.csv").open()) if r["kind"] == "fluorescence"]
    for row in rows[:2]:
        base = tmp_path / f"stage1_train/{row['id']}"
        link(PHOTOS / f"nuclei/images/{row['id']}.png", base / f"images/{row['id']}.png")
        instances = values(PHOTOS / f"nuclei/instances/{row['id']}.png")
        (base / "masks").mkdir()
        for k in range(1, instances.max() + 1):
            Image.fromarray(((instances == k) * 255).astype(np.uint8)).save(base / f"masks/{k:04d}.png")
    dataset = open_dataset("nuclei", tmp_path)
    found = evaluate(dataset, how, tmp_path / "out")
    for result in found.pictures:
        instances = values(PHOTOS / f"nuclei/instances/{result.key}.png")
        assert result.masks.of[1][2] == (instances > 0).sum()
        assert result.masks.iou()[1] > 0.5


@pytest.mark.usefixtures("little_training")
def test_a_folder_with_masks_as_they_come(tmp_path, how):
    for source in sorted((PHOTOS / "camvid/masks").glob("*.png"))[:1]:
        link(PHOTOS / f"camvid/images/{source.name}", tmp_path / f"images/{source.name}")
        link(source, tmp_path / f"masks/{source.name}")
    names = (PHOTOS / "camvid/classes.txt").read_text().split()[:11]
    archives.text(tmp_path / "classes.txt", *names, "void")
    dataset = open_dataset("folder", tmp_path)
    assert dataset.names == tuple(names)
    assert evaluate(dataset, how, tmp_path / "out").pictures[0].masks.accuracy() > 0
