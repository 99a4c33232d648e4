"""Whether anything that is computed has changed: digests of results, written once and compared later.

    python benchmarks/unchanged.py --write before.json
    python benchmarks/unchanged.py --compare before.json [--few]

For a change that moves code and is to leave every mask as it was, bit for bit. 60 pictures (generated scenes,
and real nuclei and photos where ``../shared/photos`` is there) go through every preset, method and background
pack in turn; some of them through simulated strokes and updates, a stack that is updated slice by slice,
suggestions and all exports. Ends with 1 where a digest differs, and prints which. ``--few`` takes every sixth
picture.

Digests hold on one machine with one number of threads: sums round otherwise elsewhere. What a library writes
anew each time, the number of an OME-TIFF, is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from annotator import VOID, correct
from napari_ovseg import load_model, refine, segment, segment_maps, suggest
from napari_ovseg.demo.canvases import nuclei_canvas, nuclei_split
from napari_ovseg.demo.scenes import scene
from napari_ovseg.export.dataset import export
from napari_ovseg.export.formats import FORMATS
from napari_ovseg.labelled import LabelledPicture, named_labels
from napari_ovseg.models.clip.relevance import METHODS
from napari_ovseg.segmentation import Segmentation
from napari_ovseg.single_image import SingleImage
from napari_ovseg.views.augmentation import PRESETS
from napari_ovseg.wording import GUESS, NONE, PACKS
from voc_photos import PHOTOS, Relevance, photos

SCENES, NUCLEI, VOC = 38, 20, 2
STROKES = 3
# every method, preset and pack comes with every other one sooner or later
WAYS = tuple(product(("default", *METHODS), PRESETS, (GUESS, NONE, *PACKS)))
SLICES = 3
STACKED = ("masks", "updated masks", "updated confidence")
UUID = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
Case = tuple[str, NDArray[np.uint8], NDArray[np.uint8], list[str]]


def digest(*arrays: Any) -> str:
    """A digest of the values, shapes and dtypes of arrays."""
    seen = hashlib.sha256()
    for array in map(np.asarray, arrays):
        seen.update(f"{array.dtype} {array.shape}".encode())
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()[:16]


def cases() -> Iterator[Case]:
    """Pictures with their truth and the names to look for."""
    for number in range(SCENES):
        drawn = scene(np.random.default_rng((2026, 7, number)), 256, half="test")
        yield f"scene {number}", drawn.picture, drawn.labels, drawn.names
    if (PHOTOS / "nuclei").is_dir():
        for number, row in enumerate(nuclei_split(PHOTOS / "nuclei", "test")[:NUCLEI]):
            canvas = nuclei_canvas(PHOTOS / "nuclei", row)
            yield f"nuclei {number}", canvas.picture, canvas.labels, ["nuclei", "background: glass"]


def of_run(run: Segmentation) -> dict[str, str]:
    """Digests of all that a run answers."""
    return {
        what: digest(getattr(run, what))
        for what in ("masks", "pseudo_labels", "confidence", "presence", "relevance")
    }


def of_strokes(picture: NDArray[np.uint8], truth: NDArray[np.uint8], run: Segmentation) -> dict[str, str]:
    """Digests of each update after strokes in what is wrong."""
    draw, human = np.random.default_rng(5), np.full(truth.shape, VOID, np.uint8)
    found = {}
    for number in range(STROKES):
        if not correct(run.masks, truth, human, draw):
            break
        run = refine(picture, run, run.masks, human=human)
        found |= {f"stroke {number} {what}": value for what, value in of_run(run).items()}
    return found


def stack(picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Slices of a stack: each a little brighter and further to the right than the one before."""
    return [
        np.clip(np.roll(picture, 3 * number, axis=1).astype(np.int16) + 8 * number, 0, 255).astype(np.uint8)
        for number in range(SLICES)
    ]


def of_stack(picture: NDArray[np.uint8], truth: NDArray[np.uint8], names: list[str]) -> dict[str, str]:
    """Digests of the slices of a stack, of which a person has painted on the first."""
    model = load_model("demo", device="cpu")
    slices = stack(picture)
    human = np.full(truth.shape, VOID, np.uint8)
    human[40:60, 40:90] = truth[40:60, 40:90]
    nobody = np.full(truth.shape, VOID, np.uint8)
    found = {}
    for number, pixels in enumerate(slices):
        run = segment(pixels, names, model=model, preset="fast", known=bool(number % 2))
        own = nobody if number else human
        here = pixels.astype(np.float32) / 255
        updated = SingleImage(here, run.state).update(run.masks, own, locked=[1])
        values = (run.masks, updated.masks, updated.confidence)
        found |= {
            f"slice {number} {what}": digest(value) for what, value in zip(STACKED, values, strict=True)
        }
    return found


def of_suggestions(picture: NDArray[np.uint8]) -> dict[str, str]:
    """The digest of what is suggested, in its order, with every score."""
    found = suggest(picture, model=load_model("demo", device="cpu"), preset="fast")
    return {"suggestions": hashlib.sha256(repr((found.ranked, found.note)).encode()).hexdigest()[:16]}


def of_exports(pictures: list[LabelledPicture]) -> Iterator[tuple[str, dict[str, str]]]:
    """Digests of the bytes of every file of every format."""
    for name in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            export(pictures, Path(folder) / "out", name)
            files = sorted(path for path in (Path(folder) / "out").rglob("*") if path.is_file())
            of_bytes = {path: hashlib.sha256(UUID.sub(b"", path.read_bytes())) for path in files}
            yield (
                f"export {name}",
                {path.relative_to(folder).as_posix(): of.hexdigest()[:16] for path, of in of_bytes.items()},
            )


def of_voc() -> Iterator[tuple[str, dict[str, str]]]:
    """Digests of the second half alone, from rough maps of photos."""
    if not (PHOTOS / "voc").is_dir():
        return
    relevance = Relevance(views=2)
    for photo in photos("val")[:VOC]:
        run = segment_maps(photo.picture, relevance.maps(photo), relevance.features(photo))
        yield f"photo {photo.key}", of_run(run)


def results(few: bool) -> dict[str, dict[str, str]]:
    """Digests of everything, by what they are of."""
    torch.set_num_threads(1)
    model = load_model("demo", device="cpu")
    found: dict[str, dict[str, str]] = {}
    labelled = []
    for number, (name, picture, truth, names) in enumerate(tqdm(list(cases()))):
        if few and number % 6:
            continue
        # steps of a size that shares no factor with how many ways there are
        method, preset, pack = WAYS[number * 37 % len(WAYS)]
        run = segment(
            picture,
            names,
            model=model,
            preset=preset,
            method=None if method == "default" else method,
            pack=pack,
            known=number % 5 == 1,
            background=number % 5 != 2 or "background: glass" in names,
        )
        found[f"{name}, {method}, {preset}, {pack}"] = of_run(run)
        if number % 3 == 0:
            plain = segment(picture, names, model=model, preset="fast")
            found[f"{name}, strokes"] = of_strokes(picture, truth, plain)
        if number % 12 == 0:
            found[f"{name}, stack"] = of_stack(picture, truth, names)
            found[f"{name}, suggestions"] = of_suggestions(picture)
            wanted = [one for one in names if not one.startswith("background:")]
            labelled.append(
                LabelledPicture(
                    name=name.replace(" ", "_"),
                    labels=run.masks,
                    categories=named_labels(wanted),
                    stack="scenes" if number < SCENES else "",
                    position=(number,) if number < SCENES else (),
                )
            )
    return found | dict(of_exports(labelled)) | dict(of_voc())


def main(
    write: Annotated[Path | None, typer.Option(help="Write the digests into this file.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Compare with the digests in this file.")] = None,
    few: Annotated[bool, typer.Option(help="Every sixth picture only.")] = False,
) -> None:
    """Write digests, compare them, or print how many there are."""
    found = results(few)
    if write is not None:
        write.write_text(json.dumps(found, indent=1), encoding="utf-8")
    count = sum(map(len, found.values()))
    if compare is None:
        print(f"{count} digests of {len(found)} results.")
        return
    before = json.loads(compare.read_text(encoding="utf-8"))
    shared = [(of, what) for of in found for what in found[of] if of in before]
    other = [f"{of}: {what}" for of, what in shared if before[of].get(what) != found[of][what]]
    gone = [f"{of}: {what}" for of in before if of in found for what in before[of] if what not in found[of]]
    print(f"{len(shared)} digests compared, {len(other)} differ, {len(gone)} are missing.")
    print(*other, *gone, sep="\n")
    if other or gone or not shared:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
