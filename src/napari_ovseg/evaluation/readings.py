"""From a picture and its names to classes: all that `segment` does, or relevance alone as papers score it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.evaluation.papers import paper_stages, read_as_papers
from napari_ovseg.evaluation.protocols import Asked, Protocol
from napari_ovseg.models.clip.relevance import Method
from napari_ovseg.pipeline import segment
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.settings import Settings

if TYPE_CHECKING:
    from napari_ovseg.models.model import Model

Reading = Literal["masks", "papers"]
# what `segment` keeps of its stages; the last one is the masks
STAGES = ("relevance", "pseudo-labels", "distilled", "edges")


@dataclass(frozen=True)
class How:
    """How every picture is read: what a result depends on besides the dataset.

    Attributes
    ----------
    model : Model
        What looks.
    settings : Settings
        Its ``names`` are all that sizes may be of; which are asked for in a picture, ``known`` and
        ``background`` say the dataset and the protocol. With ``reading="papers"`` only the method counts.
    protocol : {"known-labels", "vocabulary"}
    reading : {"masks", "papers"}
        The masks of `segment`, or relevance alone, scored as the papers do (`papers`), without refinement.
    """

    model: Model
    settings: Settings
    protocol: Protocol = "known-labels"
    reading: Reading = "masks"

    @property
    def relevance_method(self) -> Method:
        """The method that is used."""
        return cast(Method, self.settings.method or self.model.card.method)

    def stages(self, dataset: Dataset) -> tuple[str, ...]:
        """Name what is scored of every picture, the answer last.

        Parameters
        ----------
        dataset : Dataset

        Returns
        -------
        tuple of str
        """
        if self.reading == "masks":
            return STAGES
        return paper_stages(self.relevance_method, dataset.has_background)


def read(
    picture: NDArray[Any], dataset: Dataset, names: Asked, how: How
) -> tuple[dict[str, NDArray[np.int32]], dict[str, float]]:
    """Classes ``(H, W)`` after each stage, the last being the answer, and seconds for each stage."""
    if how.reading == "papers":
        start = time.perf_counter()
        read_ids = read_as_papers(picture, dataset, names, how.model, how.relevance_method)
        seconds = {"Relevance": round(time.perf_counter() - start, 4)}
        return {stage: names.classes[ids] for stage, ids in read_ids.items()}, seconds
    chosen = how.settings
    settings = replace(
        chosen,
        names=names.categories,
        size=str(chosen.sizes.only(names.categories)),
        known=names.known,
        background=dataset.has_background,
    )
    found = segment(picture, settings, model=how.model)
    painted, ids = {}, found.masks
    for stage in STAGES[:-1]:
        # where nothing was learnt, the later stages are as the last
        if stage in found.stages:
            ids = paint(found.stages[stage], found.masks.shape)[0]
        painted[stage] = names.classes[ids]
    return painted | {STAGES[-1]: names.classes[found.masks]}, dict(found.record["seconds"])
