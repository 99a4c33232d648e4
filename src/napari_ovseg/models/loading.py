"""Load a model by name or from a file, once per device."""

from __future__ import annotations

import warnings
from pathlib import Path
from threading import RLock

import torch

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.model import Model
from napari_ovseg.models.registry import Offer, find_offer
from napari_ovseg.segmentation import Progress

_loaded: dict[tuple[str, str, str], Model] = {}
_lock = RLock()


def load_model(
    name: str,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Model:
    """Load a model; a second call with the same arguments returns the same one at once.

    Parameters
    ----------
    name : str
        A name from `list_models` such as ``"demo"`` or
        ``"ViT-B-16-quickgelu/openai"``, a folder that `adapt` has written, any other open_clip
        ``ARCHITECTURE/TAG``, ``"hf-hub:ORG/REPOSITORY"``, or, with ``checkpoint``, an architecture such as
        ``"ViT-B-16"``.
    checkpoint : path, optional
        A local file of weights, safetensors or a PyTorch state dict (never a pickle of code).
    device : {"auto", "cuda", "mps", "cpu"} or any torch device
        ``auto`` takes the first of cuda, mps, cpu that is there.
    progress : callable, optional
        ``progress(stage, done, total)``, in bytes while weights are downloaded.

    Returns
    -------
    Model
        A `MapModel` or a `MaskModel`: a `ClipModel`, but for what other packages bring.

    Raises
    ------
    InputError
        When there is no such model or device.
    ModelError
        When the weights can't be read or don't fit the architecture; of a folder, when its training has
        not ended, or the weights that it builds on have changed since.
    DownloadError
        When weights are needed and can't be fetched.

    Warns
    -----
    UserWarning
        Before weights are fetched whose licence forbids commercial use.
    """
    offer = find_offer(name, checkpoint=checkpoint)
    card = offer.card
    if checkpoint is None and not card.commercial and not offer.is_here():
        warnings.warn(f'"{card.name}" forbids commercial use: {card.licence}.', UserWarning, stacklevel=2)
    place = _device(device, offer)
    with _lock:
        path = offer.fetch(progress)
        if path is not None and not path.is_file():
            raise ModelError(f'The weights "{path}" are missing: install the package again.')
        stamp = "" if path is None else f"{path} {path.stat().st_mtime_ns}"
        key = (card.name, stamp, str(place))
        model = _loaded.get(key)
        # Out of memory moves a model to the CPU; a new request for the GPU starts afresh.
        if model is None or model.device.type != place.type:
            model = _loaded[key] = offer.load(place, path)
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


def _device(name: str, offer: Offer) -> torch.device:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next((one for one in offer.devices if there[one]), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f'There is no device "{name}": use auto, cuda, mps or cpu.') from error
    if not there.get(device.type, False):
        raise InputError(f'This machine has no "{name}" device that PyTorch can use: choose auto or cpu.')
    if device.type not in offer.devices:
        raise InputError(f'"{offer.card.name}" can\'t run on "{name}": choose {" or ".join(offer.devices)}.')
    return device
