"""Lists of names: curated beside plain, and files of phrases."""

from __future__ import annotations

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.evaluation.class_names import BUNDLED
from napari_ovseg.evaluation.datasets import open_dataset
from napari_ovseg.evaluation.problems import BadDataset

from . import archives
from .archives import COUNTS


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.*.txt")), ids=lambda path: path.stem)
def test_curated_names_stand_beside_every_plain_list_and_can_be_typed_together(tmp_path, path):
    name, naming = path.stem.split(".")
    for full in (n for n in COUNTS if n.rstrip("0123456789") == name):
        archives.build(tmp_path, full, 0)
        for chosen in ("plain", naming, str(path)):
            dataset = open_dataset(full, tmp_path, naming=chosen)
            asked = [*dataset.categories, *filter(None, [dataset.background])]
            assert len(parse_categories(asked)) == len(asked)
            assert len(dataset.categories) == len(dataset.names) - dataset.has_background


@pytest.mark.parametrize("with_background", [True, False])
def test_a_file_of_phrases_may_leave_out_a_background_that_does_not_count(tmp_path, with_background):
    archives.build(tmp_path, "voc20", 0)
    plain = open_dataset("voc20", tmp_path).names
    lines = [f"{name}, another {name}" for name in plain]
    file = archives.text(tmp_path / "phrases.txt", *(["sky, wall"] if with_background else []), *lines)
    dataset = open_dataset("voc20", tmp_path, naming=str(file))
    assert [category.phrases for category in dataset.categories] == [(n, f"another {n}") for n in plain]
    assert dataset.names == plain
    assert dataset.background is None


def test_names_that_are_no_file_are_refused_with_what_may_be_given(tmp_path):
    archives.build(tmp_path, "voc21", 0)
    with pytest.raises(BadDataset, match="no file nowhere: --names takes plain, curated, clip-es or a file"):
        open_dataset("voc21", tmp_path, naming="nowhere")


def test_every_list_has_a_source_and_a_curated_twin():
    plain = {path.stem for path in BUNDLED.glob("*.txt") if "." not in path.stem}
    assert plain == {path.name.removesuffix(".curated.txt") for path in BUNDLED.glob("*.curated.txt")}
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in BUNDLED.glob("*.txt"))
