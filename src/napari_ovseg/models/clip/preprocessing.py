"""How a picture is shown to a model: at which size, and on which scale of colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def preprocess(picture: np.ndarray | Tensor, size: tuple[int, int], settings: Mapping[str, Any]) -> Tensor:
    """Return a picture as a model was trained to see it.

    Parameters
    ----------
    picture : (H, W, 3) float array in [0, 1]
    size : (h, w)
        Height and width of the view, whatever the picture's aspect; antialiased.
    settings : mapping
        open_clip's, of the model: ``interpolation``, and ``mean`` and ``std`` of the three colours.

    Returns
    -------
    (1, 3, h, w) float32 tensor on the CPU, normalised with the model's mean and deviation.
    """
    pixels = torch.as_tensor(np.asarray(picture, dtype=np.float32)).permute(2, 0, 1)[None]
    if pixels.shape[-2:] != tuple(size):
        mode = "bilinear" if settings.get("interpolation") == "bilinear" else "bicubic"
        resized = F.interpolate(pixels, size=size, mode=mode, antialias=True, align_corners=False)
        pixels = resized.clamp(0, 1)
    mean = torch.tensor(settings["mean"]).view(1, 3, 1, 1)
    std = torch.tensor(settings["std"]).view(1, 3, 1, 1)
    return (pixels - mean) / std
