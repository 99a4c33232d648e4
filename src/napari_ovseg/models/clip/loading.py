"""Build a CLIP model from its weights."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from napari_ovseg.errors import ModelError
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.adapted import AdaptedCard
from napari_ovseg.models.clip.adapted_model import AdaptedModel, sharing_copy
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.run_card import digest_of_weights


def _checkpoint_id(path: Path) -> str:
    """Name the content of a checkpoint; the hub's blobs are named after theirs already."""
    real = path.resolve()
    if real.parent.name == "blobs":
        return real.name
    return digest_of_weights(real)


def build(card: ClipCard, path: Path, device: torch.device) -> ClipModel:
    """Build a model on a device from a file of weights.

    Raises
    ------
    ModelError
        When the weights can't be read or don't fit the architecture.
    """
    network, tokenizer = _open(card, path)
    network.eval().requires_grad_(False)
    model = ClipModel(card, network, tokenizer, torch.device("cpu"), _checkpoint_id(path), path)
    model.move_to(device)
    return model


def build_adapted(
    card: ClipCard, run: AdaptedCard, teacher: ClipCard, teacher_path: Path, path: Path, device: torch.device
) -> ClipModel:
    """Build an adapted model on a device: its teacher, and what was learnt in place of some of its weights.

    Parameters
    ----------
    card : ClipCard
        Of the adapted model.
    run : AdaptedCard
        What its folder says.
    teacher : ClipCard
    teacher_path, path : Path
        The files of weights of the teacher, and of what was learnt.
    device : torch.device

    Raises
    ------
    ModelError
        When the teacher's weights are others than those that were adapted, or a file can't be read.
    """
    again = run.again(path.parent)
    anew = f"remove this folder and adapt anew, by {again}"
    if digest_of_weights(teacher_path) != run.teacher_weights:
        raise ModelError(
            f'The weights of "{teacher.name}" have changed since "{path.parent}" was adapted from them: '
            f"{anew}"
        )
    if digest_of_weights(path) != run.weights:
        raise ModelError(f'"{path}" is damaged. This makes it again: {again}')
    network, tokenizer = _open(teacher, teacher_path)
    try:
        learnt = load_file(path)
        frozen = sharing_copy(network.visual, but=learnt)
        strange = network.visual.load_state_dict(learnt, strict=False).unexpected_keys
    except (RuntimeError, SafetensorError) as error:
        raise ModelError(f'"{path}" doesn\'t fit "{teacher.name}": {anew}') from error
    if strange:
        raise ModelError(f'"{path}" doesn\'t fit "{teacher.name}" ({strange[0]}): {anew}')
    network.teacher = frozen
    network.eval().requires_grad_(False)
    model = AdaptedModel(card, network, tokenizer, torch.device("cpu"), run.weights, path)
    model.move_to(device)
    return model


def _open(card: ClipCard, path: Path) -> tuple[Any, Any]:
    """The network of a card, and its tokenizer."""
    architecture = card.architecture
    if card.bundled:
        _register_demo()
    if card.repository is not None:
        return _create(card.name, None, {}, path)
    settings = open_clip.get_pretrained_cfg(architecture, card.checkpoint)
    kept = {k: settings[k] for k in ("mean", "std", "interpolation", "resize_mode") if k in settings}
    return _create(architecture, str(path), kept, path)


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
