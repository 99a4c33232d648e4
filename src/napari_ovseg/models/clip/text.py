"""From names to unit vectors: prompt templates, the text tower, and the cache on disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError


def cache_folder() -> Path:
    """Return where this package keeps what it can compute again; ``NAPARI_OVSEG_CACHE`` overrides it."""
    chosen = os.environ.get("NAPARI_OVSEG_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("napari-ovseg", appauthor=False))


class TextBank:
    """Encodes phrases, and remembers them on disk by (model, template set, phrase).

    Parameters
    ----------
    network : open_clip model
    tokenizer : callable
        open_clip's tokenizer of this model.
    model_id : str
        Changes whenever the weights do.
    templates : tuple of str
        With ``{}`` where the phrase goes; the unit vectors are averaged and made unit again.
    """

    def __init__(
        self, network: Any, tokenizer: Callable[..., Tensor], model_id: str, templates: tuple[str, ...]
    ) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.model_id = model_id
        self.templates = templates

    def encode(self, phrases: Sequence[str]) -> Tensor:
        """Return one unit vector per phrase, ``(N, D)`` float32 on the CPU.

        Raises
        ------
        InputError
            When a phrase is empty or too long for the model.
        """
        if not phrases:
            raise InputError("There is no name to encode: type at least one.")
        return torch.from_numpy(np.stack([self._vector(phrase) for phrase in phrases]))

    def _vector(self, phrase: str) -> np.ndarray:
        vector = self._stored(phrase)
        if vector is None:
            vector = self._encode(phrase)
            self._store(phrase, vector)
        return vector

    def _encode(self, phrase: str) -> np.ndarray:
        if not phrase.strip():
            raise InputError("A name is empty: type what is in the picture, or remove the line.")
        texts = [template.format(phrase) for template in self.templates]
        length = max(token_count(self.tokenizer, text) for text in texts)
        context = int(self.network.context_length)
        if length > context:
            raise InputError(
                f'The name "{phrase[:40]}..." is {length} tokens long, and this model reads {context}: '
                "shorten it."
            )
        device = next(self.network.parameters()).device
        with torch.no_grad():
            tokens = self.tokenizer(texts, context_length=context).to(device)
            vectors = self.network.encode_text(tokens, normalize=True).float()
        return F.normalize(vectors.mean(dim=0), dim=-1).cpu().numpy()

    def _path(self, phrase: str) -> Path:
        key = "\0".join([self.model_id, *self.templates, phrase])
        return cache_folder() / "text" / f"{hashlib.sha256(key.encode()).hexdigest()}.npy"

    def _stored(self, phrase: str) -> np.ndarray | None:
        try:
            vector = np.load(self._path(phrase), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        sound = (
            vector.dtype == np.float32 and vector.ndim == 1 and abs(float(np.linalg.norm(vector)) - 1) < 1e-3
        )
        return vector if sound else None

    def _store(self, phrase: str, vector: np.ndarray) -> None:
        """Write whole or not at all; a full or read-only disk only costs time on the next run.

        Not by `write_atomically`, which waits for the disk: thousands of words may be written here.
        """
        path = self._path(phrase)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, vector, allow_pickle=False)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


def token_count(tokenizer: Any, text: str) -> int:
    """Return how many tokens ``text`` needs, with the start and end tokens, before any truncation."""
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is None:
        return len(tokenizer.encode(text)) + 2
    return len(inner(tokenizer.clean_fn(text)).input_ids)
