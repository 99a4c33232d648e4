"""Load a model by name or from a file, once per device."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

import open_clip
import torch

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.download import download, is_cached
from napari_ovseg.models.clip.known_words import known_words
from napari_ovseg.models.clip.model import Model
from napari_ovseg.models.clip.registry import ModelSpec, find_model

Progress = Callable[[str, int, int], None]

_loaded: dict[tuple[str, str, str], Model] = {}
_lock = RLock()


def load_model(
    name: str,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Model:
    """Load a vision-language model; a second call with the same arguments returns the same one at once.

    Parameters
    ----------
    name : str
        A name from :func:`~napari_ovseg.models.clip.registry.list_models` such as ``"demo"`` or
        ``"ViT-B-16-quickgelu/openai"``, any other open_clip ``ARCHITECTURE/TAG``,
        ``"hf-hub:ORG/REPOSITORY"``, or, with ``checkpoint``, an architecture such as ``"ViT-B-16"``.
    checkpoint : path, optional
        A local file of weights, safetensors or a PyTorch state dict (never a pickle of code).
    device : {"auto", "cuda", "mps", "cpu"} or any torch device
        ``auto`` takes the first of cuda, mps, cpu that is there.
    progress : callable, optional
        ``progress(stage, done, total)``, in bytes while weights are downloaded.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        When there is no such model or device.
    ModelError
        When the weights can't be read or don't fit the architecture.
    DownloadError
        When weights are needed and can't be fetched.

    Warns
    -----
    UserWarning
        Before weights are fetched whose licence forbids commercial use.
    """
    spec = find_model(name, checkpoint=checkpoint)
    if checkpoint is None and not spec.commercial and not is_cached(spec):
        warnings.warn(f'"{spec.name}" forbids commercial use: {spec.licence}.', UserWarning, stacklevel=2)
    place = _device(device)
    with _lock:
        path = _weights(spec, checkpoint, progress)
        if not path.is_file():
            raise ModelError(f'The weights "{path}" are missing: install the package again.')
        key = (spec.name, f"{path} {path.stat().st_mtime_ns}", str(place))
        model = _loaded.get(key)
        # Out of memory moves a model to the CPU; a new request for the GPU starts afresh.
        if model is None or model.device.type != place.type:
            model = _loaded[key] = _build(spec, path, place)
        return model


def unload() -> None:
    """Forget the loaded models, so that their memory is freed once no one uses them."""
    with _lock:
        _loaded.clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def forget(model: Model) -> None:
    """Forget one loaded model."""
    with _lock:
        for key in [key for key, known in _loaded.items() if known is model]:
            del _loaded[key]


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f'There is no device "{name}": use auto, cuda, mps or cpu.') from error
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if not there.get(device.type, False):
        raise InputError(f'This machine has no "{name}" device that PyTorch can use: choose auto or cpu.')
    return device


def _weights(spec: ModelSpec, checkpoint: str | Path | None, progress: Progress | None) -> Path:
    if checkpoint is None:
        return registry.DEMO_FOLDER / spec.checkpoint if spec.name == "demo" else download(spec, progress)
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        raise ModelError(f'The checkpoint "{path}" is a folder: give the file of weights in it.')
    if not path.is_file():
        raise ModelError(f'There is no checkpoint "{path}": check the path.')
    if spec.repository is not None:
        raise ModelError(
            f'A local checkpoint goes with an architecture, not with "{spec.name}": '
            'use load_model("ViT-B-16", checkpoint=...), or whichever architecture it has.'
        )
    return path


def _checkpoint_id(path: Path) -> str:
    """Name the content of a checkpoint; the hub's blobs are named after theirs already."""
    real = path.resolve()
    if real.parent.name == "blobs":
        return real.name
    with real.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _build(spec: ModelSpec, path: Path, device: torch.device) -> Model:
    architecture = spec.architecture
    if spec.name == "demo":
        _register_demo()
    if spec.repository is not None:
        network, tokenizer = _create(spec.name, None, {}, path)
    else:
        settings = open_clip.get_pretrained_cfg(architecture, spec.checkpoint)
        kept = {k: settings[k] for k in ("mean", "std", "interpolation", "resize_mode") if k in settings}
        network, tokenizer = _create(architecture, str(path), kept, path)
    network.eval().requires_grad_(False)
    words = known_words(spec.name)
    model = Model(spec, network, tokenizer, torch.device("cpu"), _checkpoint_id(path), words, path)
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
