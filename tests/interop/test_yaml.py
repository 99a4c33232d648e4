"""data.yaml in the loaders that PyYAML has: written in Python, and in C as training programs use it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hard_pictures import CATEGORIES

LOADERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", None)]


@pytest.mark.parametrize("loader", LOADERS)
def test_names_in_their_order(exported, loader):
    if loader is None:
        pytest.skip("this PyYAML was built without its loader in C")
    folder = exported("yolo", validation_share=0.5)
    with (folder / "data.yaml").open("rb") as file:
        read = yaml.load(file, loader)
    assert read["names"] == {number: category.name for number, category in enumerate(CATEGORIES)}
    root = folder / read.get("path", "")
    for split in ("train", "val"):
        (picture,) = (root / read[split]).iterdir()
        # Training programs find the text of a picture in this way.
        text = Path(str(picture).replace("images", "labels")).with_suffix(".txt")
        assert text.is_file()
