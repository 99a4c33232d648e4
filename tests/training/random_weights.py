"""Weights of chance for the bundled model."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file


def write_weights(folder: Path, seed: int) -> None:
    """Random weights for the bundled model, large enough that every part matters."""
    config = json.loads((folder / "ovseg-demo.json").read_text())
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in open_clip.CLIP(**config).state_dict().items():
        if value.ndim > 1:
            value = torch.randn(value.shape, generator=generator) * value[0].numel() ** -0.5
        if "attn_mask" not in name:
            state[name] = value.clone().contiguous()
    save_file(state, folder / "demo.safetensors")
