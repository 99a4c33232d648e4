from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip.timm_model import TimmModel
from safetensors.torch import save_file

from napari_ovseg.models import loading
from napari_ovseg.models.clip import registry

TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
ARCHITECTURE = {
    "embed_dim": 24,
    "init_logit_bias": -3.0,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": 32, "head_width": 8, "patch_size": 8},
    "text_cfg": TEXT,
}


def settled(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Weights large enough that every part of a network matters to its output."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data = noise * max(parameter[0].numel(), 1) ** -0.5
        elif parameter.ndim == 1:
            parameter.data = parameter.data + 0.1 * torch.randn(parameter.shape, generator=generator)
    return network.eval().requires_grad_(False)


def tiny_clip(seed: int = 0, **vision: Any) -> Any:
    settings = {**ARCHITECTURE["vision_cfg"], **vision}
    network = open_clip.CLIP(24, settings, TEXT, init_logit_bias=-3.0)
    open_clip.set_model_preprocess_cfg(
        network, {"mean": (0.5,) * 3, "std": (0.5,) * 3, "size": network.visual.image_size}
    )
    return settled(network, seed)


def tiny_timm(name: str, pool: str = "", proj: str = "linear", size: int = 160) -> Any:
    """A CLIP whose image side is one of timm's test networks."""
    network = open_clip.CLIP(24, ARCHITECTURE["vision_cfg"], TEXT)
    network.visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=size)
    return settled(network)


TOWERS: dict[str, Callable[[], Any]] = {
    "class token": tiny_clip,
    "layer scale, no ln_pre": lambda: tiny_clip(ls_init_value=0.5, no_ln_pre=True),
    "average": lambda: tiny_clip(pool_type="avg"),
    "norm after pooling": lambda: tiny_clip(pool_type="avg", final_ln_after_pool=True),
    "attentional pooling (CoCa)": lambda: tiny_clip(
        attentional_pool=True, attn_pooler_heads=2, attn_pooler_queries=5
    ),
    "ResNet": lambda: tiny_clip(layers=(1, 1, 1, 1), width=8, head_width=64, image_size=64),
    "timm class token": lambda: tiny_timm("test_vit", "token"),
    "timm average": lambda: tiny_timm("test_vit2", "avg"),
    "timm attention pool (SigLIP)": lambda: tiny_timm("test_vit3", "map", "none"),
    "timm average, registers": lambda: tiny_timm("test_vit4", "avg"),
    "timm ConvNeXt": lambda: tiny_timm("test_convnext"),
    "timm ResNet": lambda: tiny_timm("test_resnet", "avg"),
}


@pytest.fixture(params=list(TOWERS))
def tower_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def network(tower_name: str) -> Any:
    """One network per kind of image tower, float64."""
    torch.manual_seed(1)
    return TOWERS[tower_name]().double()


@pytest.fixture
def tiny() -> Any:
    return tiny_clip()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path / "cache"))
    loading.unload()
    yield
    loading.unload()


def save_weights(network: torch.nn.Module, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.clone().contiguous() for key, value in network.state_dict().items()}, path)
    return path


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two files of a bundled model that are loaded, with random weights."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "ovseg-demo.json").write_text(json.dumps(ARCHITECTURE))
    save_weights(tiny_clip(), folder / "demo.safetensors")
    monkeypatch.setattr(registry, "DEMO_FOLDER", folder)
    card = replace(registry.CLIP_MODELS["demo"], known_words=frozenset({"red", "circle", "nuclei"}))
    monkeypatch.setitem(registry.CLIP_MODELS, "demo", card)
    return folder


@pytest.fixture
def save() -> Callable[[torch.nn.Module, Path], Path]:
    return save_weights


@pytest.fixture
def architecture() -> dict[str, Any]:
    return ARCHITECTURE


@pytest.fixture
def make_clip() -> Callable[..., Any]:
    return tiny_clip
