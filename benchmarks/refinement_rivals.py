"""The last edges against what else the literature puts there: ``python benchmarks/refinement_rivals.py``.

All get the same distilled scores, of VOC photos and of generated scenes: PAMR (Araslanov & Roth, CVPR 2020)
with the setting of NACLIP, superpixel votes, a fully connected CRF by mean field (Krähenbühl & Koltun,
NeurIPS 2011; dense matrices at a small size), and a Potts model by graph cuts (Boykov, Veksler & Zabih, PAMI
2001; alpha-expansion). Of the last three, two settings each; the better one counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
import typer
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from skimage.segmentation import slic
from tqdm import tqdm

from napari_ovseg import load_model, segment
from napari_ovseg.demo.scenes import scene
from napari_ovseg.pipeline import Segmentation, segment_maps
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.single_image.edges import sharpen_finely
from napari_ovseg.single_image.neighbours import pixel_adaptive_refinement
from refinement_voc import boundary_iou
from stages import Labels, ious
from voc_photos import Counts, Photo, Relevance, confusion, figures, photos

Refine = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# flow wants integers
CAPACITY = 1000


def resized(maps: torch.Tensor, side: int) -> torch.Tensor:
    """``(K, h, w)`` with this long side."""
    shrink = min(1.0, side / max(maps.shape[-2:]))
    size = [max(1, round(length * shrink)) for length in maps.shape[-2:]]
    return F.interpolate(maps[None], size, mode="area")[0]


def superpixel_votes(scores: torch.Tensor, picture: torch.Tensor, *, count: int) -> torch.Tensor:
    """The mean scores of each superpixel."""
    parts = slic(picture.permute(1, 2, 0).numpy(), n_segments=count, compactness=10, start_label=0)
    flat = torch.from_numpy(parts.astype(np.int64)).flatten()
    sums = torch.zeros(len(scores), int(flat.max()) + 1).index_add(1, flat, scores.flatten(1))
    means = sums / torch.bincount(flat)
    return means[:, flat].view_as(scores)


def mean_field(scores: torch.Tensor, picture: torch.Tensor, *, weight: float, side: int = 64) -> torch.Tensor:
    """Five rounds with an appearance and a smoothness kernel between all pairs; carried over to full size."""
    small, guide = resized(scores, side), resized(picture, side)
    height, width = small.shape[-2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    place = torch.stack([rows, columns]).flatten(1).T.float()
    colour = guide.flatten(1).T
    near, alike = torch.cdist(place, place).square(), torch.cdist(colour, colour).square()
    # how far pixels see each other: a sixth of the long side where alike, a sixty-fourth in any case
    far, close = max(height, width) / 6, max(height, width) / 64
    kernel = torch.exp(-near / (2 * far**2) - alike / (2 * 0.06**2)) + torch.exp(-near / (2 * close**2))
    kernel.fill_diagonal_(0)
    kernel /= kernel.sum(1, keepdim=True)
    unary = small.clamp_min(1e-4).log().flatten(1)
    shares = unary.softmax(0)
    for _ in range(5):
        shares = (unary + weight * (shares @ kernel.T)).softmax(0)
    change = (shares.clamp_min(1e-4) / small.flatten(1).clamp_min(1e-4)).log().view_as(small)
    change = F.interpolate(change[None], scores.shape[-2:], mode="bilinear")[0]
    return (scores.clamp_min(1e-4).log() + change).softmax(0)


def graph_cut(scores: torch.Tensor, picture: torch.Tensor, *, weight: float, side: int = 192) -> torch.Tensor:
    """Two sweeps of alpha-expansion over four neighbours; the labels' scores, one or zero."""
    small, guide = resized(scores, side), resized(picture, side)
    costs = -small.clamp_min(1e-4).log().flatten(1).numpy()
    ids = np.arange(costs.shape[1]).reshape(small.shape[-2:])
    one = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    other = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    colour = guide.flatten(1).numpy()
    apart = ((colour[:, one] - colour[:, other]) ** 2).sum(0)
    weights = weight * np.exp(-apart / (2 * apart.mean() + 1e-12))
    labels = costs.argmin(0)
    for _ in range(2):
        for alpha in range(len(costs)):
            labels = expanded(labels, alpha, costs, one, other, weights)
    sharp = F.one_hot(torch.from_numpy(labels), len(costs)).T.reshape(small.shape).float()
    return F.interpolate(sharp[None], scores.shape[-2:], mode="bilinear")[0]


def expanded(
    labels: NDArray[np.intp],
    alpha: int,
    costs: NDArray[np.float32],
    one: NDArray[np.intp],
    other: NDArray[np.intp],
    weights: NDArray[np.float32],
) -> NDArray[np.intp]:
    """The cheapest labels in which every pixel keeps its own or takes ``alpha``."""
    count = labels.size
    everyone = np.arange(count)
    keep, take = costs[labels, everyone].copy(), costs[alpha].copy()
    both = weights * (labels[one] != labels[other])
    first_keeps, second_keeps = weights * (labels[one] != alpha), weights * (labels[other] != alpha)
    # a pairwise cost as costs of each pixel and one arc (Kolmogorov & Zabih, PAMI 2004)
    np.add.at(take, one, second_keeps - both)
    np.add.at(take, other, -second_keeps)
    arcs = first_keeps + second_keeps - both
    toward = np.minimum(keep, take)
    source, sink = count, count + 1
    rows = np.concatenate([np.full(count, source), everyone, one])
    columns = np.concatenate([everyone, np.full(count, sink), other])
    capacities = np.concatenate([take - toward, keep - toward, arcs])
    graph = csr_array(
        ((CAPACITY * capacities).round().astype(np.int32), (rows, columns)), (count + 2, count + 2)
    )
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    kept_side = breadth_first_order(residual, source, return_predecessors=False)
    keeps = np.zeros(count + 2, bool)
    keeps[kept_side] = True
    return np.where(keeps[:count], labels, alpha)


RIVALS: dict[str, Refine] = {
    "none": lambda scores, picture: scores,
    "ours": sharpen_finely,
    "PAMR as published": partial(pixel_adaptive_refinement, dilations=(8, 16)),
    **{f"superpixel votes, {n}": partial(superpixel_votes, count=n) for n in (300, 1000)},
    **{f"mean field, weight {w}": partial(mean_field, weight=w) for w in (1.0, 3.0)},
    "ours, then mean field, weight 3.0": lambda scores, picture: mean_field(
        sharpen_finely(scores, picture), picture, weight=3.0
    ),
    **{f"graph cut, weight {w}": partial(graph_cut, weight=w) for w in (0.5, 2.0)},
}


class Rivals:
    """Masks of each rival from the same distilled scores, and the seconds each took."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(RIVALS, 0.0)

    def __call__(self, whole: NDArray[np.uint8], run: Segmentation) -> Iterator[tuple[str, Labels]]:
        """Name and masks of each."""
        # nothing is learnt where no name is thought to be in the picture
        scores = run.stages.get("distilled", run.stages["pseudo-labels"])
        picture = torch.from_numpy(whole).permute(2, 0, 1).float() / 255
        picture = F.interpolate(picture[None], scores.shape[-2:], mode="area")[0]
        for name, refine in RIVALS.items():
            start = time.process_time()
            soft = refine(scores, picture)
            self.seconds[name] += time.process_time() - start
            yield name, paint(soft, run.masks.shape)[0]


def on_photos(shown: list[Photo], views: int) -> None:
    """Print the table of VOC photos."""
    relevance, rivals = Relevance(views), Rivals()
    counts: dict[str, list[Counts]] = {name: [] for name in RIVALS}
    boundaries: dict[str, list[float]] = {name: [] for name in RIVALS}
    for photo in tqdm(shown, desc="photos"):
        run = segment_maps(photo.picture, relevance.maps(photo), relevance.features(photo))
        for name, labels in rivals(photo.picture, run):
            counts[name].append(confusion(photo, labels))
            boundaries[name].append(boundary_iou(photo, labels))
    print(f"{len(shown)} photos, {views} views\n")
    print("| edges | mean of photos | pooled | boundary IoU | s of one core |\n|---|---|---|---|---|")
    for name, counted in counts.items():
        mean, pooled = figures(shown, counted)
        each = rivals.seconds[name] / len(shown)
        print(f"| {name} | {mean:.3f} | {pooled:.3f} | {np.mean(boundaries[name]):.3f} | {each:.2f} |")


def on_scenes(count: int) -> None:
    """Print the table of generated scenes, of seeds and textures that no other benchmark shows."""
    model, rivals = load_model("demo", device="cpu"), Rivals()
    scores: dict[tuple[str, bool], list[float]] = {}
    for number in tqdm(range(count), desc="scenes"):
        held_out = number % 2 == 1
        drawn = scene(np.random.default_rng((777, number)), 256, held_out=held_out, half="train")
        run = segment(drawn.picture, drawn.names, model=model)
        for name, labels in rivals(drawn.picture, run):
            found = float(np.mean(ious(labels, drawn.labels, len(drawn.names))))
            scores.setdefault((name, held_out), []).append(found)
    print(f"\n{count} scenes, mIoU\n")
    print("| edges | seen combinations | a held-out combination |\n|---|---|---|")
    for name in RIVALS:
        seen, unseen = (np.mean(scores.get((name, held), [np.nan])) for held in (False, True))
        print(f"| {name} | {seen:.3f} | {unseen:.3f} |")


def main(
    views: Annotated[int, typer.Option(help="1 to 8.")] = 8,
    every: Annotated[int, typer.Option(help="Take one photo in so many.")] = 3,
    count: Annotated[int, typer.Option("--scenes", help="Generated scenes; 0 leaves them out.")] = 80,
) -> None:
    """Print the tables."""
    on_photos(photos("val", every), views)
    if count:
        on_scenes(count)


if __name__ == "__main__":
    typer.run(main)
