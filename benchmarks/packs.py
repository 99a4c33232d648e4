"""What background packs are worth: ``python benchmarks/packs.py --nuclei FOLDER [--method NAME]``.

Prints a Markdown table, with the bundled model: no pack, the guessed one and some by name, on generated
scenes and on real nuclei; after pseudo-labels and after edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from tqdm import tqdm

from napari_ovseg import load_model, segment
from napari_ovseg.pseudo_labels import paint
from stages import Labels, ious, nuclei, scenes

CHOICES = ("none", "guess", "natural scene", "microscopy", "histology")


def things_as_background(count: int) -> Iterable[tuple[np.ndarray, Labels, str]]:
    """Scenes of which the last name is typed as what is not wanted."""
    for picture, labels, names in scenes(count, False):
        *wanted, last = names
        yield picture, np.where(labels == len(names), 0, labels), f"{', '.join(wanted)}; background: {last}"


def main(
    nuclei_folder: Annotated[Path | None, typer.Option("--nuclei", help="BBBC038 pictures.")] = None,
    count: Annotated[int, typer.Option(help="Pictures in each set.")] = 16,
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    method: Annotated[str | None, typer.Option(help="Relevance method; the model's own by default.")] = None,
) -> None:
    """Print the table."""
    model = load_model("demo", device="cpu")
    sets: dict[str, list] = {
        "scenes": list(scenes(count, False)),
        "scenes, one name as background": list(things_as_background(count)),
    }
    for kind in ("fluorescence", "stained") if nuclei_folder else ():
        sets[kind] = list(islice(nuclei(nuclei_folder, kind), count))
    print("| pack | " + " | ".join(f"{title} ({len(pictures)})" for title, pictures in sets.items()) + " |")
    print("|---" * (len(sets) + 1) + "|")
    guesses: dict[str, Counter[str]] = {title: Counter() for title in sets}
    for pack in CHOICES:
        cells = []
        for title, pictures in sets.items():
            rough, masks = [], []
            for picture, truth, names in tqdm(pictures, desc=f"{pack}, {title}", leave=False):
                found = segment(
                    picture, names, model=model, preset=preset, method=method, pack=pack, look="as it is"
                )
                stage = paint(found.stages["pseudo-labels"], truth.shape)[0]
                for labels, into in ((stage, rough), (found.masks, masks)):
                    values = ious(labels, truth, len(found.categories))
                    into.append(values[1] if names == ["nuclei"] else float(np.mean(values)))
                if pack == "guess":
                    guesses[title][found.record["pack"]] += 1
            cells.append(f"{np.mean(rough):.3f}, {np.mean(masks):.3f}")
        print(f"| {pack} | " + " | ".join(cells) + " |", flush=True)
    for title, taken in guesses.items():
        print(f"\nGuessed for {title}: {dict(taken)}")


if __name__ == "__main__":
    typer.run(main)
