"""Each paper read slowly: autograd through an open_clip ViT written out, loops over heads and patches.

Patches are 8 pixels a side, as in `conftest.VISION`.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F


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


def attention_maps(x, attn):
    """``nn.MultiheadAttention`` written out: A (H, n, n) as a leaf, and the output."""
    n, width = x.shape[1:]
    heads, d = attn.num_heads, width // attn.num_heads
    q, k, v = (
        F.linear(x[0], attn.in_proj_weight, attn.in_proj_bias).reshape(n, 3, heads, d).permute(1, 2, 0, 3)
    )
    weights = torch.softmax(q @ k.transpose(1, 2) / d**0.5, dim=-1).detach().requires_grad_()
    return weights, attn.out_proj((weights @ v).permute(1, 0, 2).reshape(1, n, width))


def chefer_by_autograd(network, view, texts):
    """The last block's map with one backward per category through the entire block."""
    visual = network.visual
    x = visual._embeds(view)
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    weights, out = attention_maps(last.ln_1(x), last.attn)
    x = x + last.ls_1(out)
    x = x + last.ls_2(last.mlp(last.ln_2(x)))
    pooled, _ = visual._pool(x)
    image = F.normalize(pooled @ visual.proj, dim=-1)[0]
    logits = network.logit_scale.exp() * texts @ image
    if network.logit_bias is not None:
        logits = logits + network.logit_bias
    maps = []
    for logit in logits:
        (gradient,) = torch.autograd.grad(logit, weights, retain_graph=True)
        a_bar = (gradient * weights).clamp(min=0).mean(dim=0).detach()
        row = a_bar[0, 1:] if visual.pool_type == "tok" else a_bar[1:, 1:].mean(dim=0)
        maps.append(row.reshape(visual.grid_size))
    return torch.stack(maps)


def rollout_by_autograd(network, view, texts, start):
    levels, attentions = unrolled(network, view)
    image = network.visual.ln_post(levels[-1][0]) @ network.visual.proj
    maps = []
    for text in texts:
        score = network.logit_scale.exp() * text @ image / image.norm()
        n = len(levels[0])
        relevance = torch.eye(n, dtype=torch.float64)
        for attention in attentions[start:]:
            (gradient,) = torch.autograd.grad(score, attention, retain_graph=True)
            relevance = relevance + (gradient * attention).clamp(min=0).mean(dim=0).detach() @ relevance
        maps.append(relevance[0, 1:].reshape(view.shape[2] // 8, view.shape[3] // 8))
    return torch.stack(maps)


def filled_boxes(activation):
    """The boxes by flood fill over eight neighbours; one at the far border leaves that border out."""
    rows, columns = activation.shape
    steps = [[int(float(value) * 255) for value in row] for row in activation]
    threshold = int(0.4 * max(max(row) for row in steps))
    left = {(i, j) for i in range(rows) for j in range(columns) if steps[i][j] > threshold}
    mask = torch.zeros(rows, columns, dtype=torch.float64)
    while left:
        front = [left.pop()]
        part = list(front)
        while front:
            i, j = front.pop()
            near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            front += near
            part += near
        ys, xs = zip(*part, strict=True)
        mask[min(ys) : min(max(ys) + 1, rows - 1), min(xs) : min(max(xs) + 1, columns - 1)] = 1
    return mask


def cam_by_autograd(network, view, texts, background):
    visual, grid = network.visual, (view.shape[2] // 8, view.shape[3] // 8)
    levels, attentions = unrolled(network, view)
    last = visual.transformer.resblocks[-1]
    normed = last.ln_1(levels[-2])
    out, _ = attended(last, normed)
    x = levels[-2] + last.ls_1(out)
    x = x + last.ls_2(last.mlp(last.ln_2(x)))
    image = visual.ln_post(x)[1:].mean(dim=0) @ visual.proj
    rivals = texts if background is None else torch.cat([texts, background])
    logits = network.logit_scale.exp() * rivals @ (image / image.norm())
    shares = torch.softmax(logits, dim=0) if len(rivals) > 1 else logits
    affinity = torch.stack([a.mean(dim=0)[1:, 1:] for a in attentions[-8:]]).mean(dim=0).detach()
    for _ in range(3):
        affinity = affinity / affinity.sum(dim=0, keepdim=True)
        affinity = affinity / affinity.sum(dim=1, keepdim=True)
    affinity = (affinity + affinity.T) / 2
    affinity = affinity @ affinity
    maps = []
    for share in shares[: len(texts)]:
        (gradient,) = torch.autograd.grad(share, normed, retain_graph=True)
        cam = (normed[1:] * gradient[1:].mean(dim=0)).sum(dim=1).clamp(min=0).detach().reshape(grid)
        for _ in range(2):
            cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-7)
        mask = filled_boxes(cam).flatten()
        maps.append(((affinity * mask) @ cam.flatten()).reshape(grid))
    return torch.stack(maps)


def dense_by_loops(network, view, texts, method, reduced=True):
    """One patch, one head, one key at a time."""
    visual = network.visual
    x = visual._embeds(view)
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    normed = last.ln_1(x)[0]
    width, heads = normed.shape[1], last.attn.num_heads
    d = width // heads
    q, k, v = F.linear(normed, last.attn.in_proj_weight, last.attn.in_proj_bias).split(width, dim=1)
    rows, columns = view.shape[2] // 8, view.shape[3] // 8
    scores = torch.zeros(len(texts), rows, columns, dtype=torch.float64)
    for i in range(rows * columns):
        out = torch.zeros(width, dtype=torch.float64)
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            if method == "maskclip":
                out[part] = v[1 + i, part]
                continue
            side = q if method == "clearclip" else k
            logits = []
            for j in range(len(normed)):
                logit = float(side[1 + i, part] @ side[j, part]) / math.sqrt(d)
                if method == "naclip" and j > 0:
                    dy, dx = i // columns - (j - 1) // columns, i % columns - (j - 1) % columns
                    logit += math.exp(-(dy * dy + dx * dx) / (2 * 5.0**2))
                logits.append(logit)
            total = sum(math.exp(logit) for logit in logits)
            for j, logit in enumerate(logits):
                out[part] += math.exp(logit) / total * v[j, part]
        leaving = last.ls_1(last.attn.out_proj(out))
        if not reduced:
            leaving = leaving + x[0, 1 + i]
            leaving = leaving + last.ls_2(last.mlp(last.ln_2(leaving)))
        joint = visual.ln_post(leaving) @ visual.proj
        scores[:, i // columns, i % columns] = texts @ (joint / joint.norm())
    return scores


def sclip_by_loops(network, view, texts):
    """SCLIP with the modules of the network: every token, one head at a time, residual and MLP kept."""
    visual = network.visual
    x = visual._embeds(view)
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    normed, heads = last.ln_1(x)[0], last.attn.num_heads
    d = normed.shape[1] // heads
    q, k, v = (normed @ last.attn.in_proj_weight.T + last.attn.in_proj_bias).chunk(3, dim=1)
    out = torch.zeros_like(normed)
    for h in range(heads):
        part = slice(h * d, (h + 1) * d)
        for i in range(len(normed)):
            for side in (q, k):
                logits = [float(side[i, part] @ other) / math.sqrt(d) for other in side[:, part]]
                total = sum(math.exp(logit) for logit in logits)
                for j, logit in enumerate(logits):
                    out[i, part] += math.exp(logit) / total * v[j, part]
    x = x[0] + last.ls_1(last.attn.out_proj(out))
    x = x + last.ls_2(last.mlp(last.ln_2(x)))
    joint = visual.ln_post(x[1:]) @ visual.proj
    cosines = texts @ (joint / joint.norm(dim=1, keepdim=True)).T
    return cosines.reshape(-1, view.shape[2] // 8, view.shape[3] // 8)


def outliers_by_loops(patches):
    """Local outlier factor as the authors compute it, one patch at a time."""
    n = len(patches)
    k = 30 if n > 30 else n // 2
    nearest, density = [], []
    for i in range(n):
        squared = sorted((float(((patches[i] - patches[j]) ** 2).sum()), j) for j in range(n) if j != i)[:k]
        nearest.append([j for _, j in squared])
        reach = [max(d, squared[-1][0]) for d, _ in squared]
        density.append(k / (sum(reach) / k))
    factor = [sum(density[j] for j in nearest[i]) / k / density[i] for i in range(n)]
    place = 0.95 * (n - 1)
    ordered, low = sorted(factor), math.floor(0.95 * (n - 1))
    limit = ordered[low] + (place - low) * (ordered[min(low + 1, n - 1)] - ordered[low])
    return {i for i in range(n) if factor[i] > limit}


def mended(patches, outliers, rows, columns):
    result = patches.clone()
    for i in outliers:
        near = [
            r * columns + c
            for r in range(max(i // columns - 1, 0), min(i // columns + 2, rows))
            for c in range(max(i % columns - 1, 0), min(i % columns + 2, columns))
        ]
        near = [j for j in near if j not in outliers]
        if near:
            result[i] = torch.stack([patches[j] for j in near]).mean(dim=0)
    return result


def cosines(patches):
    return torch.stack([torch.stack([a @ b / a.norm() / b.norm() for b in patches]) for a in patches])


def averaged(patches, alike):
    result = torch.zeros_like(patches)
    for i in range(len(patches)):
        weights = [float(a) if a >= 0.4 else 0.0 for a in alike[i]]
        result[i] = sum(w * p for w, p in zip(weights, patches, strict=True)) / (sum(weights) + 1e-6)
    return result


def last_attention(block, patches, class_token, alike):
    normed, heads = block.ln_1(patches), block.attn.num_heads
    d = normed.shape[1] // heads
    _, k, v = (normed @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).chunk(3, dim=1)
    out, middle = torch.zeros_like(normed), float(alike.mean())
    for i in range(len(normed)):
        favour = [math.exp(3 * (float(a) - middle)) if a >= middle else 0.0 for a in alike[i]]
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            keys = [math.exp(float(k[i, part] @ other) / math.sqrt(d)) for other in k[:, part]]
            for j in range(len(normed)):
                out[i, part] += (favour[j] / sum(favour) + keys[j] / sum(keys)) / 2 * v[j, part]
    return block.ls_1(block.attn.out_proj(out)) + 0.3 * class_token


def scclip_by_loops(network, view, texts, middle, after, until):
    """``middle``, ``after`` and ``until`` count blocks from 1, as the paper's layers."""
    visual, (rows, columns) = network.visual, (view.shape[2] // 8, view.shape[3] // 8)
    levels = [level.detach() for level in unrolled(network, view)[0]]
    end = levels[-2]
    outliers = outliers_by_loops(end[1:])
    assert outliers
    alike = cosines(mended(levels[middle][1:], outliers, rows, columns))
    later = cosines(levels[after][1:])
    block = visual.transformer.resblocks[-1]
    x = averaged(mended(end[1:], outliers, rows, columns), alike)
    x = averaged(last_attention(block, x, end[0], alike), later)
    several = sum(levels[after : until + 1])
    x = x + averaged(last_attention(block, several[1:], several[0], alike), later)
    joint = visual.ln_post(x) @ visual.proj
    return (texts @ (joint / joint.norm(dim=1, keepdim=True)).T).reshape(-1, rows, columns)


def gem_by_loops(network, view, texts, depth):
    """GEM, one head and one query at a time; ``depth`` counts the changed blocks, 6 in the authors' code."""
    visual, blocks = network.visual, network.visual.transformer.resblocks
    levels = [level.detach() for level in unrolled(network, view)[0]]
    path = levels[len(blocks) - depth]
    for block, x in list(zip(blocks, levels, strict=False))[-depth:]:
        normed, heads = block.ln_1(x), block.attn.num_heads
        d = normed.shape[1] // heads
        sharpness = float(sum(row.norm() for row in normed)) / len(normed) / math.sqrt(d)
        q, k, v = (normed @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).chunk(3, dim=1)
        read = torch.zeros_like(normed)
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            for side in (q, k, v):
                rows = [row / row.norm() for row in side[:, part]]
                once = [read_by(row, rows, rows, sharpness) for row in rows]
                rows = [row / row.norm() for row in once]
                for i, row in enumerate(rows):
                    read[i, part] += read_by(row, rows, v[:, part], sharpness) / 3
        path = path + block.ls_1(block.attn.out_proj(read))
    joint = visual.ln_post(path[1:]) @ visual.proj
    cosines = texts @ (joint / joint.norm(dim=1, keepdim=True)).T
    return cosines.reshape(-1, view.shape[2] // 8, view.shape[3] // 8)


def read_by(row, others, values, sharpness):
    weights = [math.exp(sharpness * float(row @ other)) for other in others]
    return sum(w / sum(weights) * value for w, value in zip(weights, values, strict=True))


def legrad_by_autograd(network, view, texts, layers=2):
    """LeGrad of towers without an attention pool: the score of each layer back to all of its attention."""
    visual = network.visual
    levels, attentions = unrolled(network, view)
    total = torch.zeros(len(texts), view.shape[2] // 8, view.shape[3] // 8, dtype=torch.float64)
    for leaving, attention in list(zip(levels[1:], attentions, strict=True))[-layers:]:
        image = visual.ln_post(leaving.mean(dim=0)) @ visual.proj
        for c, text in enumerate(texts):
            score = text @ image / image.norm()
            (gradient,) = torch.autograd.grad(score, attention, retain_graph=True)
            columns = gradient.clamp(min=0).mean(dim=0).mean(dim=0)
            total[c] += columns[1:].reshape(total.shape[1:])
    return total


def legrad_of_coca_by_autograd(network, view, texts, layers=2):
    """LeGrad where CoCa's pooler reads: its first query, no norm after it, products, not cosines."""
    visual, pool = network.visual, network.visual.attn_pool
    levels, _ = unrolled(network, view)
    total = torch.zeros(len(texts), view.shape[2] // 8, view.shape[3] // 8, dtype=torch.float64)
    heads, width = pool.attn.num_heads, pool.attn.embed_dim
    q_weight, k_weight, v_weight = pool.attn.q_proj_weight, pool.attn.k_proj_weight, pool.attn.v_proj_weight
    if q_weight is None:
        q_weight, k_weight, v_weight = pool.attn.in_proj_weight.chunk(3)
    q_bias, k_bias, v_bias = pool.attn.in_proj_bias.chunk(3)
    query = pool.ln_q(pool.query) @ q_weight.T + q_bias
    for leaving in levels[-layers:]:
        context = pool.ln_k(leaving.detach())
        sides = [query, context @ k_weight.T + k_bias, context @ v_weight.T + v_bias]
        q, k, v = (side.reshape(len(side), heads, -1).transpose(0, 1) for side in sides)
        attention = torch.softmax(q @ k.transpose(1, 2) / (width // heads) ** 0.5, dim=-1).requires_grad_()
        read = (attention @ v).transpose(0, 1).reshape(len(query), width)
        image = pool.attn.out_proj(read)[0] @ visual.proj
        for c, text in enumerate(texts):
            (gradient,) = torch.autograd.grad(text @ image, attention, retain_graph=True)
            total[c] += gradient.clamp(min=0).mean(dim=0)[0, 1:].reshape(total.shape[1:])
    return total
