from __future__ import annotations

from typing import Any

import open_clip
import pytest
import torch

VISION = {"image_size": 32, "layers": 3, "width": 32, "head_width": 8, "patch_size": 8}
TEXT = {"context_length": 16, "vocab_size": 100, "width": 16, "heads": 2, "layers": 1}


@pytest.fixture
def make_clip():
    """A small CLIP in float64 with weights large enough that every part matters."""

    def make(vision: dict[str, Any] | None = None, **settings: Any) -> Any:
        torch.manual_seed(3)
        network = open_clip.CLIP(24, {**VISION, **(vision or {})}, TEXT, **settings).double()
        for parameter in network.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
            elif parameter.ndim == 1:
                parameter.data += 0.1 * torch.randn_like(parameter)
        return network.eval().requires_grad_(False)

    return make


@pytest.fixture
def texts():
    torch.manual_seed(4)
    return torch.nn.functional.normalize(torch.randn(5, 24, dtype=torch.float64), dim=-1)


@pytest.fixture
def view():
    torch.manual_seed(5)
    return torch.randn(1, 3, 32, 32, dtype=torch.float64)
