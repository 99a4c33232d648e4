"""What a fast model is worth: ``python benchmarks/fast.py --cache FOLDER [--nuclei FOLDER]``.

Twenty pictures with masks teach a fast model, and it is scored on pictures of the same kind. The masks are
the truth, which stands for what somebody has corrected by hand, or what `segment` finds in the twenty
pictures by their names, with nobody's help. Beside it: `segment` with the bundled model and all its views
(balanced), and in the quickest way (fast). Kinds: generated scenes, each by its own names, and, given the
BBBC038 pictures, nuclei; those that are scored were held out from all training. Prints a Markdown table of
mIoU, background included, and of the processor's seconds a picture. Models and what was measured are kept in
the folder, so that a run that was stopped goes on; remove it after a change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image
from tqdm import tqdm

from adapt import Labels, measure, nuclei, scenes
from looks import Case, print_table
from napari_ovseg import load_model, segment, train_fast
from napari_ovseg.annotation.annotation import Annotation, PictureIdentity, SliceAnnotation
from napari_ovseg.annotation.places import sidecar_folder
from napari_ovseg.annotation.sidecar import save
from napari_ovseg.categories import void_of
from napari_ovseg.labelled import named_labels
from napari_ovseg.models.model import Model

# seeds of the scenes that are learnt from, and of those that are scored
LEARNT, SCORED = 3000, 100


def found(case: Case, model: Model, preset: str) -> Labels:
    masks: Labels = segment(case.picture, case.names, model=model, preset=preset).masks
    return masks


def write_work(folder: Path, cases: Sequence[Case], masks_of: Callable[[Case], Labels]) -> None:
    """Write pictures with masks on them as somebody's work that is done."""
    if folder.is_dir():
        return
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    for case in tqdm(cases, desc=f"Masks of {folder.name}"):
        path = part / f"{case.key}.png"
        Image.fromarray(case.picture).save(path)
        masks = masks_of(case).astype(np.uint8)
        piece = SliceAnnotation(masks, np.full_like(masks, void_of(masks)), done=True)
        identity = PictureIdentity(folder / path.name, "file:0", (), "")
        work = Annotation(named_labels(case.names), slices={(): piece}, picture=identity)
        save(work, sidecar_folder(path), overwrite=True)
    part.rename(folder)


def main(
    folder: Annotated[Path, typer.Option("--cache", help="Folder for the models and what was measured.")],
    nuclei_folder: Annotated[
        Path | None, typer.Option("--nuclei", help="Folder of BBBC038 pictures.")
    ] = None,
    count: Annotated[int, typer.Option(help="Pictures that are learnt from.")] = 20,
    steps: Annotated[int, typer.Option(help="Of the training.")] = 150,
    scored: Annotated[int, typer.Option(help="Pictures of a kind that are scored.")] = 40,
    seeds: Annotated[int, typer.Option(help="Other pictures are learnt from with each.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Train the models, and print the table."""
    torch.set_num_threads(threads)
    demo = load_model("demo", device="cpu")
    kinds = {"scenes": (lambda seed: scenes(LEARNT + 100 * seed, count), scenes(SCORED, scored))}
    if nuclei_folder:
        every, held_out = list(nuclei(nuclei_folder, "train")), list(nuclei(nuclei_folder, "test"))

        def some(seed: int) -> list[Case]:
            chosen = np.random.default_rng(seed).choice(len(every), count, replace=False)
            return [every[number] for number in chosen]

        # spread over both kinds of pictures, which come one after the other
        kinds["nuclei"] = (some, held_out[:: max(1, -(-len(held_out) // scored))])
    rows: dict[str, dict[str, str]] = {}
    for kind, (learnt, cases) in kinds.items():
        ways: dict[str, list[Callable[[Case], Labels]]] = {
            f"segment, {preset}": [partial(found, model=demo, preset=preset)]
            for preset in ("balanced", "fast")
        }
        teachers = {
            "the truth": lambda case: case.truth,
            "segment": partial(found, model=demo, preset="balanced"),
        }
        for name, masks_of in teachers.items():
            for seed in range(seeds):
                work = folder / kind / f"by {name}, {seed}"
                write_work(work, learnt(seed), masks_of)
                train_fast(work, teacher="demo", output=folder / kind / f"run {name}, {seed}", steps=steps)
                fast = load_model(str(folder / kind / f"run {name}, {seed}"), device="cpu")
                ways.setdefault(f"a fast model taught by {name}", []).append(
                    partial(found, model=fast, preset="balanced")
                )
        for way, answers in ways.items():
            measured = [
                measure(case, answer, folder / kind / "measured" / f"{way}, {seed}" / f"{case.key}.json")
                for seed, answer in enumerate(answers)
                for case in tqdm(cases, desc=f"{kind}, {way}")
            ]
            row = rows.setdefault(way, {"way": way})
            for what, digits in {"mIoU": 3, "seconds": 2}.items():
                row[f"{kind}, {what}"] = f"{np.mean([one[what] for one in measured]):.{digits}f}"
    print_table(list(rows.values()))


if __name__ == "__main__":
    typer.run(main)
