"""How much each channel of the patches counts for a score of their mean: Grad-CAM's weights, cheaply.

CLIP-ES takes them at the first norm of the last block: the mean over the patches of the gradient there. One
backward pass through the block for each score gives it; most of that pass can be left out, and nothing
changes but rounding.

- The mean of the gradients is the gradient by one shift of all patches. Queries, keys and values are linear
  in it, so one row goes back through their weights, not one for each patch.
- The score reads a mean of layer-normed patches, so its gradient at patch i is ``(c + b_i x_i) / s_i``, with
  ``x_i`` and ``s_i`` the normed patch and its deviation, ``c`` one vector for each score, and ``b_i`` a
  number for each. The second half of the MLP is linear, so all ``x_i`` go back through it once, for all
  scores, and of each score only ``c`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ovseg.models.clip.towers import Tower
from napari_ovseg.models.clip.towers.readout import Block, attention_weights, merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates

Back = Callable[[Tensor], tuple[Tensor, ...]]
"""Takes each patch's gradient by what leaves the second half of the MLP to that by what enters it."""


def patch_weights(
    tower: Tower, states: TrunkStates, slopes_of: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the patches at the first norm of the last block, and the mean of each score's gradient there.

    Parameters
    ----------
    tower : Tower
        With blocks, and patches that can be averaged.
    states : TrunkStates
    slopes_of : callable
        From the mean of the patches that leave the tower, normed, ``(V, W)``, to the gradient of C scores
        by it, ``(V, C, W)``, float32 or wider.

    Returns
    -------
    (V, n, W) tensor, (V, C, W) tensor of the type of the slopes
    """
    block, count = tower.blocks[-1], states.patches.shape[1]
    normed = block.norm(states.tokens).detach()
    with torch.enable_grad():
        shift = torch.zeros_like(normed[:, :1]).requires_grad_()
        entering = states.patches + block.project(shifted_attention(block, normed, shift, states.prefix))
        risen = block.rise(entering)
        halfway = risen.detach().requires_grad_()
        fallen = block.fall(halfway)
    leaving = (entering + fallen).detach()
    slopes = slopes_of(tower.closing(leaving).mean(dim=-2))
    # the largest goes back as 1: half precision has no room for small ones
    sizes = slopes.abs().amax(dim=-1, keepdim=True)
    slopes = (slopes / sizes.clamp_min(torch.finfo(sizes.dtype).tiny)).to(leaving) / count
    back = partial(torch.autograd.grad, fallen, halfway, retain_graph=True)
    if isinstance(tower.closing, nn.LayerNorm):
        ends = through_layer_norm(tower.closing, block, leaving, slopes, back)
    else:
        ends = through_any_norm(tower.closing, leaving, slopes, back)
    weights = []
    for end in ends:
        (gradient,) = torch.autograd.grad((entering, risen), shift, end, retain_graph=True)
        weights.append(gradient[:, 0])
    return normed[:, states.prefix :], torch.stack(weights, dim=1).to(sizes) * (sizes / count)


def shifted_attention(block: Block, normed: Tensor, shift: Tensor, prefix: int) -> Tensor:
    """Return what the patches read, ``(V, n, W)``, as all of them shift alike by ``shift``, which is 0."""

    def of_patches(row: Tensor) -> Tensor:
        return F.pad(row.expand(*row.shape[:-2], normed.shape[1] - prefix, -1), (0, 0, prefix, 0))

    if block.linear_qkv:
        # less itself, the shifted row is 0: only its gradient counts
        shifts = (of_patches(part - part.detach()) for part in block.qkv(shift))
        q, k, v = (part.detach() + moved for part, moved in zip(block.qkv(normed), shifts, strict=True))
    else:
        q, k, v = block.qkv(normed + of_patches(shift))
    return merge_heads(attention_weights(q[:, :, prefix:], k) @ v)


def through_layer_norm(
    norm: nn.LayerNorm, block: Block, leaving: Tensor, slopes: Tensor, back: Back
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield, for each score, its gradient by what leaves the block and by what is halfway in its MLP.

    ``slopes``, ``(V, C, W)``, are the gradients by each normed patch.
    """
    steep = slopes if norm.weight is None else slopes * norm.weight.detach().to(slopes)
    even = steep - steep.mean(dim=-1, keepdim=True)
    unit = F.layer_norm(leaving, norm.normalized_shape, eps=norm.eps)
    deviation = (leaving.var(dim=-1, correction=0, keepdim=True) + norm.eps).sqrt()
    (unit_back,) = back(unit)
    even_back = backwards(block.fall, even, unit_back.shape[-1])
    for score, one in enumerate(steep.unbind(dim=1)):
        along = (unit * one[:, None]).mean(dim=-1, keepdim=True)
        at_patches = (even[:, score, None] - along * unit) / deviation
        yield at_patches, (even_back[:, score, None] - along * unit_back) / deviation


def backwards(fall: Callable[[Tensor], Tensor], gradients: Tensor, width: int) -> Tensor:
    """Return gradients by what enters a linear step, ``(V, C, width)``, from those by what leaves it."""
    with torch.enable_grad():
        anywhere = gradients.new_zeros(*gradients.shape[:-1], width).requires_grad_()
        return torch.autograd.grad(fall(anywhere), anywhere, gradients)[0]


def through_any_norm(
    norm: nn.Module, leaving: Tensor, slopes: Tensor, back: Back
) -> Iterator[tuple[Tensor, Tensor]]:
    """Do the same for a norm that isn't a layer norm, e.g. none: each patch goes back for each score."""
    with torch.enable_grad():
        before = leaving.detach().requires_grad_()
        after = norm(before)
    for slope in slopes.unbind(dim=1):
        # where there is no norm, the two are one
        (gradient,) = torch.autograd.grad(after, before, slope[:, None].expand_as(after), retain_graph=True)
        yield gradient, back(gradient)[0]
