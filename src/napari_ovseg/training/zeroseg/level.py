"""Where background begins: chosen on the pictures that were learnt from, by what the teacher finds there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import logits_of
from napari_ovseg.models.zeroseg.model import named_logits
from napari_ovseg.models.zeroseg.network import Network
from napari_ovseg.training.zeroseg.examples import Examples, spread
from napari_ovseg.vocabularies import read_vocabulary

PICTURES = 64
WORDS = 100


def words_of(teacher: MapModel) -> list[str]:
    """Return some words that a teacher knows, spread over those that it suggests."""
    suggested = teacher.card.suggested
    words = [one.name for one in read_vocabulary(suggested)] if isinstance(suggested, str) else [*suggested]
    return spread(words, WORDS)


@torch.no_grad()
def background_level(
    network: Network, teacher: MapModel, examples: Examples, names: Sequence[str], words: Sequence[str]
) -> float:
    """Return the logit of a name below which a segment is background.

    It is the one at which the student calls as many words present as the teacher finds in the same pictures,
    each in the whole or in one of the crops. Where the teacher finds none in any picture, it is what the
    teacher itself calls absent.

    Parameters
    ----------
    network : Network
    teacher : MapModel
    examples : Examples
    names : sequence of str
        Digests of pictures; of many, some are asked about.
    words : sequence of str
    """
    least = torch.logit(torch.tensor(teacher.likeness.absent_below))
    phrases = [[word] for word in words]
    true, found = [], []
    for name in spread(names, PICTURES):
        true.append(logits_of(teacher, examples.vectors([name])[0], phrases).amax(0) >= least)
        vectors, groups = network(examples.pixels([name]).to(network.centre.device))
        used = vectors[0].cpu()[groups[0].unique().cpu()]
        found.append(named_logits(teacher, used, phrases).amax(0))
    return level_of(torch.cat(found), int(torch.cat(true).sum()), float(least))


def level_of(logits: Tensor, count: int, otherwise: float) -> float:
    """Return a level that so many of the logits reach.

    Parameters
    ----------
    logits : (N,) tensor
    count : int
        At most N.
    otherwise : float
        Returned where it is 0.
    """
    if not count:
        return otherwise
    ordered = logits.double().sort(descending=True).values
    below = ordered[count] if count < len(ordered) else ordered[-1] - 1
    return float((ordered[count - 1] + below) / 2)
