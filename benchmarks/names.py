"""How near masks stay when the names are typed differently: ``python benchmarks/names.py`` prints a table.

The same scenes with the names in another order, and with a synonym of one word typed instead of the name.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from tqdm import tqdm

from napari_ovseg import load_model, segment
from napari_ovseg.demo.phrases import SYNONYMS, Phrase
from napari_ovseg.demo.scenes import scene


def synonym(thing: Phrase) -> str:
    """The name with every word that has a synonym replaced by its first."""
    words = (thing.colour, thing.pattern, thing.kind)
    return " ".join(SYNONYMS.get(word, (word,))[0] for word in words if word)


def main(
    count: Annotated[int, typer.Option(help="Scenes.")] = 40,
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
) -> None:
    """Print the table."""
    model = load_model("demo", device="cpu")
    same: dict[str, list[float]] = {"the names in reverse order": [], "synonyms instead of the names": []}
    for number in tqdm(range(count)):
        drawn = scene(np.random.default_rng((2026, 3, number)), 256, held_out=None, half="test")
        masks = segment(drawn.picture, drawn.names, model=model, preset=preset).masks
        turned = segment(drawn.picture, drawn.names[::-1], model=model, preset=preset).masks
        back = np.append(0, np.arange(len(drawn.names), 0, -1)).astype(masks.dtype)[turned]
        other = segment(drawn.picture, [synonym(t) for t in drawn.things], model=model, preset=preset).masks
        for kind, changed in zip(same, (back, other), strict=True):
            same[kind].append(float((changed == masks).mean()))
    print("| typed instead | pixels with the same category, mean | worst scene |\n|---|---|---|")
    for kind, shares in same.items():
        print(f"| {kind} | {np.mean(shares):.1%} | {np.min(shares):.1%} |")


if __name__ == "__main__":
    typer.run(main)
