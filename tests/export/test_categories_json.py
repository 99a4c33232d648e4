from __future__ import annotations

import json

from napari_ovseg.categories import parse_categories
from napari_ovseg.colours import category_colours
from napari_ovseg.export import write_categories


def test_ids_names_and_colours_are_those_of_the_masks(tmp_path):
    *foreground, background = parse_categories("caf\u00e9; dog: puppy; background: grass, sky")
    write_categories(
        tmp_path / "c.json", foreground, background, settings={"seed": 3}, images=[{"image": "a.png"}]
    )
    content = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert [(c["id"], c["name"], c["synonyms"]) for c in content["categories"]] == [
        (0, "background", ["grass", "sky"]),
        (1, "caf\u00e9", []),
        (2, "dog", ["puppy"]),
    ]
    colours = [list(bytes.fromhex(c["colour"][1:])) for c in content["categories"]]
    assert colours == category_colours(2).tolist()
    assert content["void"] == {"id": 255, "colour": "#ffffff"}
    assert content["settings"] == {"seed": 3}
    assert content["images"] == [{"image": "a.png"}]
