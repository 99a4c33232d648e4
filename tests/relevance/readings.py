"""An open_clip ViT written out, with every attention in the graph: what the slow readings are made of."""

from __future__ import annotations

import torch


def unrolled(network, view):
    """All tokens after each block (index 0: before the first), and each block's attention (H, n, n)."""
    visual = network.visual
    levels, attentions = [visual._embeds(view)[0].requires_grad_()], []
    for block in visual.transformer.resblocks:
        x = levels[-1]
        out, attention = attended(block, block.ln_1(x))
        x = x + block.ls_1(out)
        levels.append(x + block.ls_2(block.mlp(block.ln_2(x))))
        attentions.append(attention)
    return levels, attentions


def attended(block, normed):
    """``nn.MultiheadAttention`` written out, for one picture: the output (n, W) and the attention."""
    heads, d = block.attn.num_heads, normed.shape[1] // block.attn.num_heads
    qkv = normed @ block.attn.in_proj_weight.T + block.attn.in_proj_bias
    q, k, v = (part.reshape(-1, heads, d).transpose(0, 1) for part in qkv.chunk(3, dim=1))
    attention = torch.softmax(q @ k.transpose(1, 2) / d**0.5, dim=-1)
    return block.attn.out_proj((attention @ v).transpose(0, 1).reshape(len(normed), -1)), attention
