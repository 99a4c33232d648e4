"""One rough map per category from a vision-language model: one file per family of methods."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor

from napari_ovseg.clip.trunk import TrunkStates, last_attention, readout, trunk_states
from napari_ovseg.errors import InputError
from napari_ovseg.relevance.dense import EDITS, dense_maps
from napari_ovseg.relevance.explain import explain_maps

Method = Literal["explain", "maskclip", "clearclip", "naclip"]
METHODS: tuple[Method, ...] = get_args(Method)

__all__ = ["METHODS", "Method", "relevance_from_states", "relevance_maps"]


def relevance_maps(network: Any, view: Tensor, text_vectors: Tensor, method: Method = "explain") -> Tensor:
    """Return one raw relevance map per category, before any normalisation.

    Parameters
    ----------
    network : open_clip model
        In evaluation mode, e.g. from ``open_clip.create_model_and_transforms``.
    view : (1, 3, H, W) float tensor
        A preprocessed picture; H and W are multiples of the patch size.
    text_vectors : (C, D) float tensor
        Unit vectors of the categories in the joint space.
    method : {"explain", "maskclip", "clearclip", "naclip"}
        ``explain`` is generic attention explainability on the last block (Chefer et al. 2021, equations 5
        and 6), values >= 0; the others replace the last attention and return cosines in [-1, 1] (see
        :mod:`napari_ovseg.relevance.dense`).

    Returns
    -------
    (C, gh, gw) float32 tensor
        On the network's device.

    Raises
    ------
    InputError
        When a shape doesn't fit, or the method isn't known or doesn't exist for this tower.
    """
    if view.ndim != 4 or view.shape[0] != 1:
        raise InputError(f"The view must have the shape (1, 3, H, W), not {tuple(view.shape)}.")
    with torch.inference_mode(False), torch.no_grad():
        weight = next(network.visual.parameters())
        states = trunk_states(network, view.to(weight.device, weight.dtype))
    return relevance_from_states(network, states, text_vectors, method)[0].float()


def relevance_from_states(
    network: Any, states: TrunkStates, text_vectors: Tensor, method: Method = "explain"
) -> Tensor:
    """Return raw relevance maps ``(V, C, gh, gw)`` of views whose trunk has already run.

    See :func:`relevance_maps`; the result has the dtype of ``states.tokens``.
    """
    if text_vectors.ndim != 2 or not len(text_vectors):
        raise InputError(
            f"Text vectors must have the shape (C, D) with C >= 1, not {tuple(text_vectors.shape)}."
        )
    if method not in METHODS:
        raise InputError(f"There is no relevance method {method!r}: use one of {', '.join(METHODS)}.")
    # A copy made here can be differentiated through, even where the caller is in inference mode.
    with torch.inference_mode(False), torch.no_grad():
        text_vectors = text_vectors.to(states.tokens, copy=True)
        if method == "explain":
            scale = network.logit_scale.exp()
            maps = explain_maps(readout(network, states), text_vectors, scale)
        else:
            maps = dense_maps(last_attention(network, states), states.grid, text_vectors, EDITS[method])
    return maps.unflatten(-1, states.grid)
