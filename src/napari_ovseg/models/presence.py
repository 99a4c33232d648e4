"""How sure the model is that a category is in the picture at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from napari_ovseg.models.map_model import MapModel

OTHER_WORDS = (
    "background",
    "blurred picture",
    "building",
    "empty picture",
    "food",
    "furniture",
    "grass",
    "indoor scene",
    "noise",
    "person",
    "plain surface",
    "road",
    "sky",
    "text",
    "texture",
    "tree",
    "vehicle",
    "wall",
    "water",
    "something else",
)
"""What a picture may show instead, for models whose scores mean something only against each other."""


def presence_of(model: MapModel, vectors: Tensor, phrases: Sequence[Sequence[str]]) -> Tensor:
    """Return how sure a model is that each category is there, ``(C,)`` float32 in [0, 1] on the CPU.

    Parameters
    ----------
    model : MapModel
    vectors : (V, D) tensor
        Of the views, from `MapModel.see`.
    phrases : sequence of C sequences of str
        Each category's name and synonyms.
    """
    if not phrases:
        return torch.zeros(0)
    return torch.sigmoid(logits_of(model, vectors, phrases)).amax(dim=0)


def logits_of(model: MapModel, vectors: Tensor, phrases: Sequence[Sequence[str]]) -> Tensor:
    """Return the logit of how sure a model is that each category is in each view, ``(V, C)``, on the CPU.

    Parameters
    ----------
    model : MapModel
    vectors : (V, D) tensor
        Of the views, from `MapModel.see`.
    phrases : sequence of C sequences of str
        Each category's name and synonyms; one at least.
    """
    likeness = model.likeness
    categories = [model.encode(list(names)) for names in phrases]
    others = None
    if likeness.bias is None:
        typed = {name.strip().lower() for names in phrases for name in names}
        others = model.encode([word for word in OTHER_WORDS if word not in typed])
    return _logits(vectors.cpu(), categories, likeness.scale, likeness.bias, others, likeness.read)


def presence(
    image_vectors: Tensor,
    category_vectors: Sequence[Tensor],
    scale: float,
    bias: float | None = None,
    other_vectors: Tensor | None = None,
    *,
    read: Callable[[Tensor], Tensor] = torch.as_tensor,
) -> Tensor:
    """Return the confidence that each category is in the picture: the best over its phrases and the views.

    Models trained with a sigmoid loss (SigLIP, the bundled model) have a bias, and each pair of picture and
    text stands alone: ``sigmoid(scale * cos + bias)`` (Zhai et al., "Sigmoid Loss for Language Image
    Pre-Training", ICCV 2023, section 3.2). For others it is the softmax of the phrase against
    ``other_vectors``, which is no calibrated probability. Either way it grows with the cosine, and a further
    phrase or view never lowers it.

    Parameters
    ----------
    image_vectors : (V, D) tensor
        Unit vectors of the views.
    category_vectors : sequence of C tensors (P_c, D)
        Unit vectors of the phrases of each category (its name and synonyms).
    scale : float
        The model's logit scale, already exponentiated.
    bias : float, optional
        The model's logit bias, where it has one.
    other_vectors : (K, D) tensor, optional
        Unit vectors of what else a picture may show; read only without a bias.
    read : callable
        `Likeness.read`: what becomes of a product of two vectors before it is scaled; by default nothing.

    Returns
    -------
    (C,) float32 tensor in [0, 1]
    """
    logits = _logits(image_vectors, category_vectors, scale, bias, other_vectors, read)
    return torch.sigmoid(logits).amax(dim=0)


def _logits(
    image_vectors: Tensor,
    category_vectors: Sequence[Tensor],
    scale: float,
    bias: float | None,
    other_vectors: Tensor | None,
    read: Callable[[Tensor], Tensor],
) -> Tensor:
    images = image_vectors.float()
    best = torch.stack([(images @ v.to(images).T).amax(dim=1) for v in category_vectors], dim=1)
    logits = scale * read(best)
    if bias is not None:
        return logits + bias
    if other_vectors is None:
        raise ValueError("without a bias, other_vectors is needed")
    return logits - torch.logsumexp(scale * read(images @ other_vectors.to(images).T), dim=1, keepdim=True)
