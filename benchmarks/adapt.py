"""What adapting to a folder is worth: ``python benchmarks/adapt.py --cache FOLDER [--nuclei FOLDER]``.

The bundled model is adapted to generated scenes and, given the BBBC038 pictures, to the nuclei that it was
trained on: pictures only. It is scored on other scenes by their own names, and on the nuclei that were held
out from training. In one pass a picture is shown once, as it is, and each pixel takes its best name, or
background by a rule that is chosen for each model on 20 scenes more. Balanced is all that `segment` does.
Prints a Markdown table of mIoU, background included, and of the processor's seconds a picture. The adapted
model, and what was measured, are kept in the folder, so that a run that was stopped goes on. Remove it after
a change of the model.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F
from tqdm import tqdm

from looks import Case, print_table
from napari_ovseg import adapt, load_model, parse_categories, segment
from napari_ovseg.demo.canvases import nuclei_canvas, nuclei_split
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.images import to_rgb
from napari_ovseg.models.model import Model
from napari_ovseg.picture_relevance import LOOKING, picture_relevance
from napari_ovseg.segmentation import Run
from napari_ovseg.views.augmentation import View
from napari_ovseg.views.source import PictureInMemory
from napari_ovseg.wording import NONE
from stages import ious

# seeds of the scenes that are learnt from, scored, and that a background rule is chosen on
LEARNT, SCORED, CHOSEN_ON = 1000, 100, 200
Labels = NDArray[np.integer]
# whether maps are stretched to [0, 1] first, and below which value of the best name is background
Rule = tuple[bool, float]
RULES: list[Rule] = [
    *product([True], np.arange(0.3, 0.91, 0.05).round(2).tolist()),
    *product([False], np.arange(-0.2, 0.61, 0.05).round(2).tolist()),
]


def scenes(first: int, count: int) -> list[Case]:
    """Generated scenes, by their own names."""
    drawn = ((seed, *sample_scene(seed)) for seed in range(first, first + count))
    return [Case(f"scene {seed}", picture, names, truth) for seed, picture, truth, names in drawn]


def nuclei(folder: Path, part: str) -> Iterator[Case]:
    """Real nuclei: those of "train" that the bundled model was trained on, or the others."""
    for row in nuclei_split(folder, part):
        canvas = nuclei_canvas(folder, row)
        yield Case(row["id"], canvas.picture, ["nuclei"], canvas.labels)


def maps_in_one_pass(case: Case, model: Model) -> torch.Tensor:
    """The cosine of each name with each pixel of a picture that was shown once, ``(C, H, W)``."""
    source = PictureInMemory(to_rgb(case.picture))
    method = model.card.find_method()
    run, categories = Run(None, None), parse_categories(case.names)
    with run.stage(LOOKING):
        seen = picture_relevance(source, categories, [View()], model=model, method=method, pack=NONE, run=run)
    return F.interpolate(seen.maps[None], source.size, mode="bilinear", align_corners=False)[0]


def painted(maps: torch.Tensor, rule: Rule) -> Labels:
    """The best name of each pixel, or 0."""
    stretched, least = rule
    if stretched:
        low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
        maps = (maps - low) / (high - low).clamp_min(1e-6)
    best, which = maps.max(0)
    return torch.where(best >= least, which + 1, 0).numpy()


def in_one_pass(case: Case, model: Model, rule: Rule) -> Labels:
    return painted(maps_in_one_pass(case, model), rule)


def balanced(case: Case, model: Model) -> Labels:
    masks: Labels = segment(case.picture, case.names, model=model).masks
    return masks


def score(labels: Labels, case: Case) -> float:
    assert case.truth is not None
    return float(np.mean(ious(labels, case.truth, len(case.names))))


@cache
def background_rule(model: Model, count: int) -> Rule:
    """The rule by which masks of one pass are best on scenes that are not scored."""
    cases = scenes(CHOSEN_ON, count)
    maps = [maps_in_one_pass(case, model) for case in tqdm(cases, desc="Choosing the background rule")]
    totals = [
        sum(score(painted(of, rule), case) for of, case in zip(maps, cases, strict=True)) for rule in RULES
    ]
    return RULES[int(np.argmax(totals))]


def measure(case: Case, labels_of: Callable[[Case], Labels], file: Path) -> dict[str, float]:
    """Measure mIoU and seconds of one picture, unless that is in the file."""
    if not file.is_file():
        start = time.process_time()
        labels = labels_of(case)
        seconds = time.process_time() - start
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"mIoU": score(labels, case), "seconds": seconds}))
    found: dict[str, float] = json.loads(file.read_text())
    return found


def write_pictures(folder: Path, count: int, nuclei_folder: Path | None) -> None:
    """Write the pictures that are learnt from, without their truth."""
    if folder.is_dir():
        return
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    cases = scenes(LEARNT, count) + (list(nuclei(nuclei_folder, "train")) if nuclei_folder else [])
    for case in tqdm(cases, desc="Writing pictures"):
        Image.fromarray(case.picture).save(part / f"{case.key}.png")
    part.rename(folder)


def main(
    folder: Annotated[Path, typer.Option("--cache", help="Folder for the model and what was measured.")],
    nuclei_folder: Annotated[
        Path | None, typer.Option("--nuclei", help="Folder of BBBC038 pictures.")
    ] = None,
    count: Annotated[int, typer.Option(help="Scenes that are learnt from.")] = 300,
    steps: Annotated[int, typer.Option(help="Of the training.")] = 400,
    scored: Annotated[int, typer.Option(help="Pictures of a kind that are scored.")] = 100,
    rule_from: Annotated[int, typer.Option(help="Scenes that the background rule is chosen on.")] = 20,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Adapt the bundled model, and print the table."""
    torch.set_num_threads(threads)
    write_pictures(folder / "pictures", count, nuclei_folder)
    with tqdm(desc="Adapting") as bar:
        adapt(
            folder / "pictures",
            teacher="demo",
            output=folder / "model",
            steps=steps,
            progress=lambda stage, done, total: bar.set_postfix_str(f"{stage} {done} of {total}"),
        )
    models = {
        "teacher": load_model("demo", device="cpu"),
        "adapted": load_model(str(folder / "model"), device="cpu"),
    }
    kinds = {"scenes": scenes(SCORED, scored)}
    if nuclei_folder:
        held_out = list(nuclei(nuclei_folder, "test"))
        # spread over both kinds of pictures, which come one after the other
        kinds["nuclei"] = held_out[:: max(1, -(-len(held_out) // scored))]
    rows = []
    for (name, model), way in product(models.items(), ("one pass, raw", "balanced")):
        if way == "balanced":
            labels_of = partial(balanced, model=model)
        else:
            labels_of = partial(in_one_pass, model=model, rule=background_rule(model, rule_from))
        row = {"model": name, "way": way}
        for kind, cases in kinds.items():
            found = [
                measure(case, labels_of, folder / "measured" / f"{name}, {way}" / f"{case.key}.json")
                for case in tqdm(cases, desc=f"{name}, {way}, {kind}")
            ]
            for what, digits in {"mIoU": 3, "seconds": 2}.items():
                row[f"{kind}, {what}"] = f"{np.mean([one[what] for one in found]):.{digits}f}"
        rows.append(row)
    print_table(rows)


if __name__ == "__main__":
    typer.run(main)
