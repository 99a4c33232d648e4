"""How near masks stay when the names are typed differently: ``python benchmarks/names.py`` prints a table.

The same scenes with the names in another order, and with a synonym of one word typed instead of the name.
A second table has the mean mIoU with synonyms typed beside the name: the best of their maps, as it is done,
or one map of their mean vector.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
import typer
from tqdm import tqdm

from napari_ovseg import Category, load_model, segment
from napari_ovseg.demo.phrases import SYNONYMS, Phrase
from napari_ovseg.demo.scenes import scene
from napari_ovseg.picture_relevance import Words, words
from stages import ious


def synonym(thing: Phrase) -> str:
    """The name with every word that has a synonym replaced by its first."""
    words = (thing.colour, thing.pattern, thing.kind)
    return " ".join(SYNONYMS.get(word, (word,))[0] for word in words if word)


def synonyms(thing: Phrase) -> Category:
    """The name with up to three synonyms, of one word or of the kind."""
    words = [SYNONYMS.get(word, ()) for word in (thing.colour, thing.pattern, thing.kind)]
    written = [
        thing.text.replace(word, other)
        for word, others in zip((thing.colour, thing.pattern, thing.kind), words, strict=True)
        for other in others
    ]
    return Category(thing.text, tuple(dict.fromkeys([*written, synonym(thing)]))[:3] if written else ())


def averaged(*arguments: Any) -> Words:
    """The same words with one vector for each category: the mean of its words."""
    asked = words(*arguments)
    rows = [asked.vectors[asked.owners == owner].mean(dim=0) for owner in asked.owners.unique()]
    return Words(F.normalize(torch.stack(rows), dim=1), asked.owners.unique(), asked.rivals)


def main(
    count: Annotated[int, typer.Option(help="Scenes.")] = 40,
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
) -> None:
    """Print the tables."""
    model = load_model("demo", device="cpu")
    same: dict[str, list[float]] = {"the names in reverse order": [], "synonyms instead of the names": []}
    quality: dict[str, list[float]] = {}
    for number in tqdm(range(count)):
        drawn = scene(np.random.default_rng((2026, 3, number)), 256, held_out=None, half="test")
        find = partial(segment, drawn.picture, model=model, preset=preset, pack="none")
        masks = find(drawn.names).masks
        turned = find(drawn.names[::-1]).masks
        back = np.append(0, np.arange(len(drawn.names), 0, -1)).astype(masks.dtype)[turned]
        other = find([synonym(t) for t in drawn.things]).masks
        for kind, changed in zip(same, (back, other), strict=True):
            same[kind].append(float((changed == masks).mean()))
        both = [synonyms(t) for t in drawn.things]
        rows = {"the name alone": masks, "with synonyms, the best map": find(both).masks}
        with mock.patch("napari_ovseg.picture_relevance.words", averaged):
            rows["with synonyms, the mean vector"] = find(both).masks
        for kind, found in rows.items():
            quality.setdefault(kind, []).append(float(np.mean(ious(found, drawn.labels, len(drawn.names)))))
    print("| typed instead | pixels with the same category, mean | worst scene |\n|---|---|---|")
    for kind, shares in same.items():
        print(f"| {kind} | {np.mean(shares):.1%} | {np.min(shares):.1%} |")
    print("\n| typed | mean mIoU | worst scene |\n|---|---|---|")
    for kind, values in quality.items():
        print(f"| {kind} | {np.mean(values):.3f} | {np.min(values):.3f} |")


if __name__ == "__main__":
    typer.run(main)
