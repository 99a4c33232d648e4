"""A rough map per category from a CLIP tower: `relevance_from_states` calls a file per family of methods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import torch
from timm.layers import DropPath
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.method_names import METHODS, Method
from napari_ovseg.models.clip.relevance.cam import cam_maps
from napari_ovseg.models.clip.relevance.dense import EDITS, dense_maps
from napari_ovseg.models.clip.relevance.explain import explain_maps, grad_cam_maps, rollout_maps
from napari_ovseg.models.clip.relevance.gem import gem_maps
from napari_ovseg.models.clip.relevance.legrad import legrad_maps
from napari_ovseg.models.clip.relevance.scclip import scclip_maps
from napari_ovseg.models.clip.relevance.windows import window_maps
from napari_ovseg.models.clip.towers import Positions, Tower, tower_of
from napari_ovseg.models.clip.trunk import TrunkStates, readout, trunk_states

NEED_LEVELS: tuple[Method, ...] = ("legrad", "scclip", "gem")
"""They read more than the last block, so their trunk states must hold the levels."""
NEED_ATTENTION: tuple[Method, ...] = ("cam",)
"""They read how patches attend to each other, so their trunk states must hold that."""

__all__ = [
    "METHODS",
    "NEED_ATTENTION",
    "NEED_LEVELS",
    "Method",
    "relevance_from_states",
    "relevance_maps",
]


def relevance_maps(
    network: Any,
    view: Tensor,
    text_vectors: Tensor,
    method: Method = "explain",
    *,
    start_block: int | None = None,
    background: Tensor | None = None,
    reduced: bool | None = None,
    window: int | None = None,
    stride: int | None = None,
    positions: Positions = "open_clip",
) -> Tensor:
    """Return one raw relevance map per category, before any normalisation.

    Parameters
    ----------
    network : open_clip model
        E.g. from ``open_clip.create_model_and_transforms``, in any float type; in evaluation mode where that
        matters (batch norm, dropout). It is left as it is: no hook, no gradient, no other mode.
    view : (1, 3, H, W) float tensor
        A preprocessed picture; H and W are multiples of the patch size, or of any size with ``window``.
    text_vectors : (C, D) float tensor
        Unit vectors of the categories in the joint space.
    method : {"explain", "cam", "legrad", "maskclip", "clearclip", "naclip", "sclip", "scclip", "gem"}
        ``explain`` is generic attention explainability (Chefer et al. 2021, equations 5 and 6), values
        >= 0, and Grad-CAM of the last feature map for convolutional towers; ``cam`` is CLIP-ES and
        ``legrad`` LeGrad, values >= 0; the others give cosines in [-1, 1]: ``scclip`` is SC-CLIP, ``gem``
        the grounding everything module, the rest NACLIP and its kin. Each has its sources in the module of
        its name, NACLIP and kin in `relevance.dense`.
    start_block : int, optional
        For ``explain``: the first block that is explained, counted from 0; the last one by default.
    background : (B, D) float tensor, optional
        For ``cam``: unit vectors of background words, which compete with the categories. For ``legrad`` with
        an attention pool: of a prompt without a name, whose own places are emptied.
    reduced : bool, optional
        For ``maskclip``, ``clearclip``, ``naclip`` and ``sclip``: whether the last residual and MLP are
        dropped; by default in all but ``sclip``. False gives MaskCLIP as its authors' code has it.
    window, stride : int, optional
        Look through windows of this side, in pixels, that begin every so many pixels, half a window by
        default; their maps are interpolated to pixels and averaged there, as the dense papers do. These use
        224 and 112 on pictures whose short side is 336.
    positions : {"open_clip", "maskclip", "sclip", "clip-es"}
        For transformers: whose way to interpolate position embeddings, where the view has another grid than
        the network was made for: `towers.readout.resized_positions`.

    Returns
    -------
    (C, gh, gw) float32 tensor
        A value for each patch, on the network's device; with ``window`` one for each pixel, ``(C, H, W)``.

    Raises
    ------
    InputError
        When a shape or an option doesn't fit, or the method isn't known or doesn't exist for this tower.
    ModelError
        When the tower is of an unknown kind.
    """
    _check_view(view, window, stride, positions)
    patch_size = tower_of(network.visual).patch_size
    _check_mode(network.visual)

    def maps_of(views: Tensor) -> Tensor:
        with torch.inference_mode(False), torch.no_grad():
            levels = method in NEED_LEVELS or start_block is not None
            attention = method in NEED_ATTENTION
            states = trunk_states(network, views, levels=levels, attention=attention, positions=positions)
        return relevance_from_states(
            network,
            states,
            text_vectors,
            method,
            start_block=start_block,
            background=background,
            reduced=reduced,
        )

    # the patch embedding: where weights are of two types, other parameters may have the wider one
    weight = next(parameter for parameter in network.visual.parameters() if parameter.ndim == 4)
    with torch.inference_mode(False):
        view = view.to(weight.device, weight.dtype, copy=view.is_inference())
    if window is None:
        return maps_of(view)[0].float()
    return window_maps(view, patch_size, window, stride, maps_of).float()


def relevance_from_states(
    network: Any,
    states: TrunkStates,
    text_vectors: Tensor,
    method: Method = "explain",
    *,
    start_block: int | None = None,
    background: Tensor | None = None,
    owners: Tensor | None = None,
    reduced: bool | None = None,
) -> Tensor:
    """Return raw relevance maps of views whose trunk has already run.

    Parameters
    ----------
    network : open_clip model
        The one whose trunk has run; it is left as it is.
    states : TrunkStates
        Of V views of one size, from `trunk.trunk_states`: with levels for the methods of `NEED_LEVELS` and
        for ``start_block``, with attention for those of `NEED_ATTENTION`.
    text_vectors : (C, D) float tensor
        Unit vectors of the words.
    method, start_block, background, reduced
        As in `relevance_maps`.
    owners : (C,) integer tensor, optional
        Which category each vector is a word of. With ``cam`` the words of one category don't compete, and
        share one scale; the other methods don't read it.

    Returns
    -------
    (V, C, gh, gw) tensor
        Before any normalisation: values >= 0 or cosines, as `relevance_maps` says of the method; in the dtype
        and on the device of ``states.tokens``.

    Raises
    ------
    InputError
        When a shape or an option doesn't fit, the states lack what the method reads, or the method isn't
        known or doesn't exist for this tower.
    ModelError
        When the tower is of an unknown kind.
    """
    _check_texts(text_vectors)
    _check_options(method, start_block, background, reduced, text_vectors)
    tower = tower_of(network.visual)
    _check_levels(tower, states, method, start_block)
    # A copy made here can be differentiated through, even where the caller is in inference mode.
    with torch.inference_mode(False), torch.no_grad():
        _check_width(tower, states, text_vectors)
        text_vectors = text_vectors.to(states.tokens, copy=True)
        others = None if background is None else background.to(states.tokens, copy=True)
        scale = network.logit_scale.exp()
        if method == "explain" and start_block is not None:
            maps = rollout_maps(tower, states, text_vectors, scale, start_block)
        elif method == "explain" and not tower.blocks:
            maps = grad_cam_maps(tower, states, text_vectors, scale)
        elif method == "explain":
            maps = explain_maps(readout(network, states), text_vectors, scale)
        elif method == "cam":
            maps = cam_maps(tower, states, text_vectors, scale, others, owners)
        elif method == "legrad":
            maps = legrad_maps(tower, states, text_vectors, others)
        elif method == "scclip":
            maps = scclip_maps(tower, states, text_vectors)
        elif method == "gem":
            maps = gem_maps(tower, states, text_vectors)
        else:
            edit = EDITS[method]
            edit = edit if reduced is None else replace(edit, reduced=reduced)
            maps = dense_maps(tower, states, text_vectors, edit)
    return maps.unflatten(-1, states.grid)


def _check_view(view: Tensor, window: int | None, stride: int | None, positions: str) -> None:
    _check_tensor("The view", view)
    if view.ndim != 4 or view.shape[0] != 1:
        raise InputError(f"The view must have the shape (1, 3, H, W), not {tuple(view.shape)}.")
    if window is None and stride is not None:
        raise InputError(f"A stride of {stride} needs a window: give its side, or leave the stride out.")
    if positions not in get_args(Positions):
        raise InputError(
            f"Positions aren't interpolated as {positions!r}: use one of {', '.join(get_args(Positions))}."
        )


def _check_texts(text_vectors: Tensor) -> None:
    _check_tensor("Text vectors", text_vectors)
    if text_vectors.ndim != 2 or not len(text_vectors):
        raise InputError(
            f"Text vectors must have the shape (C, D) with C >= 1, not {tuple(text_vectors.shape)}."
        )


def _check_options(
    method: str,
    start_block: int | None,
    background: Tensor | None,
    reduced: bool | None,
    text_vectors: Tensor,
) -> None:
    if method not in METHODS:
        raise InputError(f"There is no relevance method {method!r}: use one of {', '.join(METHODS)}.")
    if start_block is not None and method != "explain":
        raise InputError(f"The method {method} has no start_block: leave it out, or use explain.")
    if reduced is not None and method not in EDITS:
        raise InputError(f"The method {method} has no option reduced: leave it out.")
    if background is None:
        return
    if method not in ("cam", "legrad"):
        raise InputError(f"In the method {method} no background competes: leave it out, or use cam.")
    if background.ndim != 2 or background.shape[1] != text_vectors.shape[1]:
        raise InputError(
            f"Background vectors must have the shape (B, {text_vectors.shape[1]}), not "
            f"{tuple(background.shape)}."
        )


def _check_tensor(what: str, given: Any) -> None:
    if not isinstance(given, Tensor):
        raise InputError(f"{what} must be a torch tensor, not {type(given).__name__}.")
    if not given.is_floating_point():
        raise InputError(
            f"{what} must be of a float type, not {given.dtype}: give what the model's preprocessing and "
            "text encoder return."
        )


def _check_levels(tower: Tower, states: TrunkStates, method: str, start_block: int | None) -> None:
    if tower.blocks and not states.levels and (method in NEED_LEVELS or start_block is not None):
        raise InputError(f"The method {method} reads several blocks: keep the levels of the trunk states.")


def _check_width(tower: Tower, states: TrunkStates, text_vectors: Tensor) -> None:
    width = tower.joint(states.tokens[:1, -1:]).shape[-1]
    if text_vectors.shape[1] != width:
        raise InputError(
            f"Text vectors are {text_vectors.shape[1]} long, image vectors of this model {width}: encode the "
            "names with the same model."
        )


def _check_mode(visual: Any) -> None:
    """Refuse a network that would answer at random, or learn from being asked."""
    if not visual.training:
        return
    for module in visual.modules():
        drops = any(getattr(module, name, 0) for name in ("p", "drop_prob"))
        if isinstance(module, _BatchNorm) or (isinstance(module, (_DropoutNd, DropPath)) and drops):
            kind = type(module).__name__
            raise InputError(f"The network is in training mode and has {kind}: call network.eval() first.")
