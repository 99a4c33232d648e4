"""Evaluate: every picture of a dataset segmented, scored and kept; what is there is not done again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.evaluation.layouts import Pair
from napari_ovseg.evaluation.metrics import count, count_boundaries
from napari_ovseg.evaluation.papers import paper_settings
from napari_ovseg.evaluation.problems import BadDataset, BadPicture
from napari_ovseg.evaluation.protocols import asked
from napari_ovseg.evaluation.readings import How, read
from napari_ovseg.evaluation.results import PictureResult, Results, contents
from napari_ovseg.evaluation.truth import missing, read_pair
from napari_ovseg.export.passed_on import name_alone
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.models.asking import ask_for
from napari_ovseg.models.registry import unknown_note
from napari_ovseg.version import __version__

if TYPE_CHECKING:
    from napari_ovseg.segmentation import Progress

EVALUATING = "Evaluating"


@dataclass
class Evaluation:
    """What a run gives back.

    Attributes
    ----------
    dataset : Dataset
    settings : dict
        What every result depends on.
    results : Results
        The folder.
    pictures : list of PictureResult
        In the order of the split.
    bad : dict of str to str
        What could not be evaluated, and why.
    warnings : list of str
        What the model says of itself.
    """

    dataset: Dataset
    settings: dict[str, Any]
    results: Results
    pictures: list[PictureResult] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def evaluate(
    dataset: Dataset,
    how: How,
    folder: str | Path,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Segment and score the pictures of a dataset; one that can't be evaluated ends nothing.

    Parameters
    ----------
    dataset : Dataset
        From `open_dataset`.
    how : How
    folder : str or Path
        Where results are kept. A picture that has one of the same settings and files is not done again.
    limit : int, optional
        Only the first so many pictures of the split.
    progress : callable, optional
        ``progress(stage, done, total)``.

    Returns
    -------
    Evaluation

    Raises
    ------
    BadDataset
        When nothing is left to score.
    InputError
        When the folder holds results of other settings, or of pictures that aren't in the dataset.
    """
    pairs = dataset.pairs[:limit]
    settings = settings_of(dataset, how)
    results = Results(folder, settings, [pair.key for pair in dataset.pairs])
    run = Evaluation(dataset, settings, results)
    ask_for(how.model, dataset.categories)
    run.warnings.extend(filter(None, [unknown_note(how.model.card, dataset.categories)]))
    run.bad.update((pair.key, problem) for pair in pairs if (problem := missing(pair)))
    for number, pair in enumerate(pairs):
        if progress is not None:
            progress(EVALUATING, number, len(pairs))
        if pair.key in run.bad:
            continue
        try:
            run.pictures.append(_evaluated(pair, how, run))
        except BadPicture as error:
            run.bad[pair.key] = str(error)
    if progress is not None:
        progress(EVALUATING, len(pairs), len(pairs))
    run.warnings.extend(how.model.notes)
    if not run.pictures:
        first = next(iter(run.bad.values()))
        raise BadDataset(
            f"None of the {len(pairs)} pictures of {dataset.name} could be evaluated. The first: {first}"
        )
    return run


def settings_of(dataset: Dataset, how: How) -> dict[str, Any]:
    """All that a picture's result depends on, as it is written to ``settings.json`` and the report."""
    phrases = [category.phrases for category in dataset.categories]
    if how.reading == "papers":
        values = paper_settings(how.relevance_method, dataset)
    else:
        chosen = how.settings
        values = {
            "preset": chosen.preset,
            "seed": chosen.seed,
            "pack": chosen.pack,
            "look": chosen.look,
            "size": chosen.size,
        }
    return {
        "dataset": dataset.name,
        "split": dataset.split,
        "naming": dataset.naming,
        "names": digest_of(dataset.names, phrases, dataset.background and dataset.background.phrases),
        "protocol": how.protocol,
        "reading": how.reading,
        # of a model in a folder only its name: the weights tell it from others
        "model": name_alone(how.model.card.name),
        "weights": how.model.checkpoint_id,
        "method": how.relevance_method,
        **values,
        "version": __version__,
    }


def _evaluated(pair: Pair, how: How, run: Evaluation) -> PictureResult:
    """The result of a picture: kept from before, or new."""
    key = contents(pair)
    kept = run.results.load(pair.key, key)
    if kept is not None:
        return kept
    dataset = run.dataset
    picture, truth = read_pair(dataset, pair)
    found, names, seconds = _found(picture, truth, how, run)
    masks = list(found.values())[-1]
    result = PictureResult(
        pair.key,
        key,
        names,
        {stage: count(truth, classes) for stage, classes in found.items()},
        count_boundaries(truth, masks),
        seconds,
    )
    shift = 0 if dataset.has_background else 1
    run.results.save(result, masks + shift, len(dataset.categories))
    return result


def _found(
    picture: NDArray[Any], truth: NDArray[np.int32], how: How, run: Evaluation
) -> tuple[dict[str, NDArray[np.int32]], tuple[str, ...], dict[str, float]]:
    """Class numbers ``(H, W)`` after each stage, the names that were given, and seconds for each stage."""
    names = asked(run.dataset, truth, how.protocol)
    if names is None:
        # nothing is asked for where truth is all background, or nothing counts
        return dict.fromkeys(how.stages(run.dataset), np.zeros(truth.shape, np.int32)), (), {}
    painted, seconds = read(picture, run.dataset, names, how)
    return painted, tuple(category.name for category in names.categories if not category.background), seconds
