"""A loaded CLIP model: text and image tower, and what relevance methods read off them, as a `MapModel`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import get_model_preprocess_cfg
from torch import Tensor

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.preprocessing import preprocess
from napari_ovseg.models.clip.relevance import NEED_ATTENTION, NEED_LEVELS, Method, relevance_from_states
from napari_ovseg.models.clip.text import TextBank
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.trunk import (
    TrunkCache,
    TrunkStates,
    deep_features,
    image_vectors,
    stacked,
    trunk_states,
)
from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.map_model import Seen, Words

# 84 views of ViT-B/16, preset "best", with the tokens of every block
TRUNK_CACHE_BYTES = 768 * 2**20
TRUNK_BATCH = 16

Result = TypeVar("Result")


class ClipModel:
    """One vision-language model on one device.

    Attributes
    ----------
    card : ClipCard
    network : open_clip model
        In evaluation mode, without gradients.
    device : torch.device
        Where it is now; running out of GPU memory moves it to the CPU.
    checkpoint_id : str
        Changes whenever the weights do.
    input_size : int
        Side, in pixels, of the square that a view is shown at: that of training, or the card's ``view_side``.
    patch_size : int
        Pixels per patch; a view's sides are multiples of it.
    notes : list of str
        What a user should know about how it ran (smaller batches, moved to the CPU), for the record of a run.
    """

    def __init__(
        self,
        card: ClipCard,
        network: Any,
        tokenizer: Callable[..., Tensor],
        device: torch.device,
        checkpoint_id: str,
        checkpoint: Path | None = None,
    ) -> None:
        self.card = card
        self.network = network
        self.device = device
        self.checkpoint_id = checkpoint_id
        self.checkpoint = checkpoint
        size = network.visual.image_size
        self.input_size = card.view_side or int(size if isinstance(size, int) else size[0])
        self.patch_size = tower_of(network.visual).patch_size
        self.notes: list[str] = []
        self.cache = TrunkCache(TRUNK_CACHE_BYTES)
        self._batch = TRUNK_BATCH
        self._text = TextBank(network, tokenizer, checkpoint_id, card.templates)

    def move_to(self, device: torch.device) -> None:
        """Move to a device; where its memory has no room for the weights, stay on the CPU and say so."""
        try:
            self.network.to(device)
            self.device = device
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            self._tell(f"The {device.type} has too little memory for this model: running on the CPU.")
            self._move_to_cpu()

    def encode(self, phrases: Sequence[str], *, templates: tuple[str, ...] | None = None) -> Tensor:
        """Return one unit vector per phrase, ``(N, D)`` float32 on the CPU, prompt templates averaged.

        Vectors are kept on disk, in the user's cache folder or ``NAPARI_OVSEG_CACHE``. Other templates than
        those of the model hold ``{}`` where the phrase goes.

        Raises
        ------
        InputError
            When a phrase is empty or too long for the model.
        """
        bank = self._text
        if templates is not None:
            bank = TextBank(bank.network, bank.tokenizer, bank.model_id, templates)
        return self._somewhere(lambda: bank.encode(phrases))

    @property
    def likeness(self) -> Likeness:
        """How its cosines say whether a word is true, as it was trained."""
        bias = getattr(self.network, "logit_bias", None)
        return Likeness(float(self.network.logit_scale.exp()), None if bias is None else float(bias))

    def see(
        self,
        views: Sequence[NDArray[np.float32]],
        size: tuple[int, int],
        words: Words | None = None,
        method: str | None = None,
    ) -> Seen:
        """Look at views: `MapModel.see`."""
        # as the model's own method needs them: suggesting and segmenting then share what was seen
        methods = (
            set() if words is None and method is None else {method or self.card.method, self.card.method}
        )
        states = self.trunk(
            torch.cat([self.preprocess(view, size) for view in views]),
            levels=not methods.isdisjoint(NEED_LEVELS),
            attention=not methods.isdisjoint(NEED_ATTENTION),
        )
        if words is None:
            return Seen(self.image_vectors(states))
        explained = partial(
            relevance_from_states,
            self.network,
            text_vectors=words.vectors,
            method=cast(Method, method or self.card.method),
            background=words.rivals,
            owners=words.owners,
        )
        maps = self.after_trunk(states, explained)
        features = self.features(states)
        return Seen(self.image_vectors(states), maps, features)

    def preprocess(self, picture: np.ndarray | Tensor, size: tuple[int, int]) -> Tensor:
        """Return a picture as the model wants it, ``(1, 3, h, w)``: `preprocessing.preprocess`."""
        return preprocess(picture, size, get_model_preprocess_cfg(self.network))

    def trunk(self, views: Tensor, *, levels: bool = False, attention: bool = False) -> TrunkStates:
        """Run the costly part of the image tower, or take it from the cache (by content, bounded in bytes).

        Parameters
        ----------
        views : (V, 3, h, w) float32 tensor
            From `preprocess`; h and w are multiples of ``patch_size``.
        levels : bool
            Keep the tokens that enter every block too, for the methods of
            `relevance.NEED_LEVELS`.
        attention : bool
            Keep how patches attend to each other too, for those of
            `relevance.NEED_ATTENTION`.

        Returns
        -------
        TrunkStates
            On the model's device.

        Warns
        -----
        UserWarning
            When the GPU ran out of memory: smaller batches are tried, then the CPU.
        """
        kept = [name for name, wanted in (("levels", levels), ("attention", attention)) if wanted]
        kind = " ".join([self.checkpoint_id, *kept])
        run = partial(self._states, levels=levels, attention=attention)
        keys = [TrunkCache.key(kind, view) for view in views]
        states = {key: cached for key in keys if (cached := self.cache.get(key)) is not None}
        missing = [i for i, key in enumerate(keys) if key not in states and key not in keys[:i]]
        while missing:
            group = missing[: self._batch]
            batch = self._if_room(
                len(group), partial(self._enter, run, views[group], [keys[i] for i in group])
            )
            if batch is not None:
                states |= batch
                missing = missing[len(group) :]
        if not keys:
            raise InputError("There is no view to run: the batch is empty.")
        return self._somewhere(lambda: stacked([self._here(states[key]) for key in keys]))

    def after_trunk(self, states: TrunkStates, step: Callable[[TrunkStates], Tensor]) -> Tensor:
        """Run a step that reads trunk states; where the GPU has no room for it, as `trunk` does.

        Parameters
        ----------
        states : TrunkStates
            Of V views.
        step : callable
            From the states of one or more views to a tensor with a row for each.

        Returns
        -------
        (V, ...) tensor on the model's device
        """
        parts: list[Tensor] = []
        done = 0
        while done < len(states.tokens):
            group = states.map(itemgetter(slice(done, done + self._batch)))
            part = self._if_room(len(group.tokens), partial(self._on, group, step))
            if part is not None:
                parts.append(part)
                done += len(group.tokens)
        return self._somewhere(lambda: torch.cat([part.to(self.device) for part in parts]))

    def features(self, states: TrunkStates) -> Tensor:
        """Return deep features per patch, ``(V, F, gh, gw)`` float32: `trunk.deep_features`."""
        return self.after_trunk(states, partial(deep_features, self.network))

    def image_vectors(self, states: TrunkStates) -> Tensor:
        """Return the unit vector of each view in the joint space, ``(V, D)``."""
        return self.after_trunk(states, partial(image_vectors, self.network))

    def _states(self, views: Tensor, *, levels: bool, attention: bool) -> TrunkStates:
        return trunk_states(self.network, views, levels=levels, attention=attention)

    def _enter(
        self, run: Callable[[Tensor], TrunkStates], views: Tensor, keys: list[str]
    ) -> dict[str, TrunkStates]:
        """Run one batch and cache each view of it under its key."""
        batch = run(views.to(self.device, torch.float32))
        parts = {key: batch.map(itemgetter(slice(row, row + 1))) for row, key in enumerate(keys)}
        for key, part in parts.items():
            self.cache.put(key, part)
        return parts

    def _on(self, states: TrunkStates, step: Callable[[TrunkStates], Tensor]) -> Tensor:
        return step(self._here(states))

    def _here(self, states: TrunkStates) -> TrunkStates:
        """States from before a move to the CPU may still lie on the GPU."""
        if states.tokens.device == self.device:
            return states
        return states.map(lambda tensor: tensor.to(self.device))

    def _if_room(self, count: int, step: Callable[[], Result]) -> Result | None:
        """Run a step on ``count`` views; None says that memory ran out and the next try will need less."""
        try:
            with torch.no_grad():
                return step()
        except RuntimeError as error:
            if not _out_of_memory(error) or (count == 1 and self.device.type == "cpu"):
                raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if count > 1:
            self._batch = count // 2
            self._tell(f"The {self.device.type} ran out of memory: running {self._batch} views at a time.")
        else:
            self._tell(f"The {self.device.type} has too little memory for this run: running on the CPU.")
            self._move_to_cpu()
        return None

    def _somewhere(self, step: Callable[[], Result]) -> Result:
        """Run a step that can't be split: on the CPU where the GPU has no room for it."""
        result = self._if_room(1, step)
        return step() if result is None else result

    def _move_to_cpu(self) -> None:
        self.device = torch.device("cpu")
        self.network.to(self.device)

    def _tell(self, note: str) -> None:
        self.notes.append(note)
        warnings.warn(note, UserWarning, stacklevel=4)


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU's memory ran out: in PyTorch's own allocator, or in a library that it calls."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    signs = ("MPS backend out of memory", "CUDA error: out of memory", "_STATUS_ALLOC_FAILED")
    return any(sign in str(error) for sign in signs)
