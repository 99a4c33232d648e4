"""Build a CLIP model from its weights."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

import open_clip
import torch

from napari_ovseg.errors import ModelError
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel


def _checkpoint_id(path: Path) -> str:
    """Name the content of a checkpoint; the hub's blobs are named after theirs already."""
    real = path.resolve()
    if real.parent.name == "blobs":
        return real.name
    with real.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def build(card: ClipCard, path: Path, device: torch.device) -> ClipModel:
    """Build a model on a device from a file of weights.

    Raises
    ------
    ModelError
        When the weights can't be read or don't fit the architecture.
    """
    architecture = card.architecture
    if card.bundled:
        _register_demo()
    if card.repository is not None:
        network, tokenizer = _create(card.name, None, {}, path)
    else:
        settings = open_clip.get_pretrained_cfg(architecture, card.checkpoint)
        kept = {k: settings[k] for k in ("mean", "std", "interpolation", "resize_mode") if k in settings}
        network, tokenizer = _create(architecture, str(path), kept, path)
    network.eval().requires_grad_(False)
    model = ClipModel(card, network, tokenizer, torch.device("cpu"), _checkpoint_id(path), path)
    model.move_to(device)
    return model


def _register_demo() -> None:
    """Add the bundled architecture to open_clip's own registry, so that it takes the path of every other."""
    path = registry.DEMO_FOLDER / f"{registry.DEMO_ARCHITECTURE}.json"
    try:
        wanted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f'The bundled architecture "{path}" can\'t be read: install the package again.'
        ) from error
    if open_clip.get_model_config(registry.DEMO_ARCHITECTURE) != wanted:
        open_clip.add_model_config(path)


def _create(name: str, pretrained: str | None, preprocess: dict[str, Any], path: Path) -> tuple[Any, Any]:
    # open_clip reports every step to the root logger, and a missing logger set-up would print it.
    logging.getLogger().addHandler(quiet := logging.NullHandler())
    try:
        network = open_clip.create_model(
            name, pretrained, force_preprocess_cfg=preprocess, weights_only=True, require_pretrained=True
        )
        return network, open_clip.get_tokenizer(name)
    except Exception as error:
        # torch, safetensors and open_clip each raise their own types for a file they can't use.
        raise ModelError(_why(error, name, path)) from error
    finally:
        logging.getLogger().removeHandler(quiet)


def _why(error: Exception, name: str, path: Path) -> str:
    """Say in one sentence what is wrong with a checkpoint and how to mend it."""
    text = str(error)
    if "transformers" in text and ("pip install" in text or isinstance(error, ImportError)):
        return f'"{name}" needs the transformers package for its text: run pip install transformers.'
    if "TorchScript" in text:
        return (
            f'The checkpoint "{path}" is a TorchScript archive, which holds code: '
            "save its state_dict as safetensors."
        )
    faults = []
    for what in ("Missing", "Unexpected"):
        found = re.search(rf"{what} key\(s\) in state_dict: (.*)", text)
        if found:
            keys = re.findall(r'"([^"]+)"', found.group(1))
            more = f" and {len(keys) - 2} more" if len(keys) > 2 else ""
            faults.append(f"{what.lower()} {', '.join(keys[:2])}{more}")
    sizes = re.findall(
        r"size mismatch for (\S+): .*?torch\.Size\((\[[^\]]*\]).*?torch\.Size\((\[[^\]]*\])", text
    )
    if sizes:
        key, has, wants = sizes[0]
        more = f" and {len(sizes) - 1} more" if len(sizes) > 1 else ""
        faults.append(f"{key} is {has} in place of {wants}{more}")
    if faults:
        return (
            f'The checkpoint "{path}" doesn\'t fit the architecture "{name}" ({"; ".join(faults)}): '
            "name the architecture that it was trained with."
        )
    reason = text.strip().split("\n")[0][:160] or type(error).__name__
    return (
        f'The checkpoint "{path}" can\'t be read ({reason}): it may be truncated or no CLIP checkpoint; '
        "fetch it again, or save it as safetensors."
    )
