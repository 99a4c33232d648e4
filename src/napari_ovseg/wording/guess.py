"""Which background pack fits a picture, by what the model itself says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_ovseg.wording.packs import PACKS, Pack

if TYPE_CHECKING:
    from torch import Tensor

    from napari_ovseg.models.map_model import MapModel

# share among the packs from which on one is taken, and probability where the model gives one
SURE_SHARE = 0.8
SURE_PROBABILITY = 0.5


@dataclass(frozen=True)
class Guess:
    """A pack, or None where none stands out, and how each that the model can judge fared.

    Attributes
    ----------
    pack : Pack or None
    shares : dict of str to float
        Of the packs, summing to one; without those whose sentences the model doesn't know.
    """

    pack: Pack | None
    shares: dict[str, float]


def guess_pack(model: MapModel, image_vectors: Tensor) -> Guess:
    """Compare a picture with the sentences of every pack; where none is clearly best, take none.

    The best sentence of a pack speaks for it; the packs share by a softmax. A model trained with a sigmoid
    must also find it likelier than not that the sentence is true at all.

    Parameters
    ----------
    model : MapModel
    image_vectors : (V, D) tensor
        Unit vectors of views of the whole picture; their mean is compared.
    """
    looks = {pack.name: [look for look in pack.looks if _knows(model, look)] for pack in PACKS.values()}
    looks = {name: known for name, known in looks.items() if known}
    if not looks:
        return Guess(None, {})
    scale, bias = model.likeness.scale, model.likeness.bias
    image = image_vectors.float().cpu().mean(dim=0)
    logits = image.new_tensor(
        [float((model.encode(known, templates=("{}",)) @ image).max()) * scale for known in looks.values()]
    )
    shares = logits.softmax(dim=0)
    best = int(logits.argmax())
    likely = bias is None or float((logits[best] + bias).sigmoid()) >= SURE_PROBABILITY
    sure = likely and float(shares[best]) >= SURE_SHARE
    fared = {name: round(share, 4) for name, share in zip(looks, shares.tolist(), strict=True)}
    return Guess(PACKS[list(looks)[best]] if sure else None, fared)


def _knows(model: MapModel, sentence: str) -> bool:
    return not model.card.unknown_words([sentence])
