"""A model of random weights, small enough for every test, and a picture whose truth is a square."""

from __future__ import annotations

import numpy as np
import open_clip
import torch

from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel

VISION = {"image_size": 32, "width": 32, "head_width": 8, "patch_size": 8}
TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}


def tiny_model(layers: int = 2) -> ClipModel:
    torch.manual_seed(0)
    network = open_clip.CLIP(24, VISION | {"layers": layers}, TEXT, init_logit_bias=0.0)
    open_clip.set_model_preprocess_cfg(network, {"mean": (0.5,) * 3, "std": (0.5,) * 3, "size": (32, 32)})
    tokenizer = open_clip.SimpleTokenizer(context_length=16)
    network = network.eval().requires_grad_(False)
    return ClipModel(
        ClipCard("tiny", "tiny", checkpoint="random"), network, tokenizer, torch.device("cpu"), "tiny"
    )


def square(size: int = 32) -> tuple[np.ndarray, torch.Tensor, np.ndarray]:
    """A red square on grey, its rough map, and where it is."""
    truth = np.zeros((size, size), bool)
    truth[8:20, 10:24] = True
    picture = np.where(truth[..., None], [220, 30, 30], [110, 110, 110]).astype(np.uint8)
    rough = torch.nn.functional.avg_pool2d(torch.from_numpy(truth.astype(np.float32))[None], 4)
    return picture, 5 * rough - 3, truth
