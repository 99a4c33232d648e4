"""How near words are to the classes of ImageNet, by sentence vectors, and which classes stand for a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from timm.data.imagenet_info import ImageNetInfo

from napari_ovseg.models.photos.choice import among_rivals
from napari_ovseg.models.photos.kinds import Kinds
from napari_ovseg.models.photos.sentences import Sentences
from napari_ovseg.models.photos.words import CLASSES
from napari_ovseg.vocabularies import read_vocabulary

KIND_BONUS = 0.2


class Classes:
    """The 1,000 classes as texts, and how near words are to them."""

    def __init__(self, sentences: Sentences) -> None:
        info, every = ImageNetInfo("imagenet-1k"), ImageNetInfo("imagenet-21k-goog")
        synsets = info.label_names()
        self.synsets = frozenset(synsets)
        lemmas = {
            synset: [name.strip().lower() for name in names.split(",")]
            for synset, names in every._lemmas.items()
        }
        self.kinds = Kinds(lemmas, every._definitions)
        self.names = [info.index_to_description(number).split(",")[0].strip() for number in range(CLASSES)]
        chains = [self.kinds.chain(synset) for synset in synsets]
        texts = (
            [info.index_to_description(number) for number in range(CLASSES)],
            [info.index_to_description(number, detailed=True) for number in range(CLASSES)],
            [", a kind of ".join(lemmas[one][0] for one in chain[:3]) for chain in chains],
            [", ".join(lemmas[chain[min(1, len(chain) - 1)]]) for chain in chains],
        )
        self.sentences = sentences
        self._vectors = [sentences.encode(some) for some in texts]
        self._named = [{name for one in chain for name in lemmas[one]} for chain in chains]
        self.covered = {one for chain in chains for one in chain}

        self.everyday = read_vocabulary("everyday")
        self._rivals = np.stack([self._nearness(one.name, [one.name]) for one in self.everyday])

    def near(self, word: str, prompts: Sequence[str]) -> NDArray[np.float32]:
        """Return how near a word is to each class, ``(1000,)``, by the best of its prompts."""
        asked = self.sentences.encode(prompts).T
        # what people wear is a kind of nothing
        texts = self._vectors if list(prompts) == [word] else self._vectors[:2]
        return np.mean([one @ asked for one in texts], axis=0).max(1)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The mean of the four texts of each class, ``(1000, 384)``: its product with a word's is `near`."""
        return np.stack(self._vectors).mean(0).astype(np.float32)

    @property
    def rivals(self) -> NDArray[np.float32]:
        """How near the nearest everyday word is to each class, ``(1000,)``."""
        return self._rivals.max(0)

    @property
    def kinds_named(self) -> set[str]:
        """The names of all that any class is a kind of."""
        return set().union(*self._named)

    def kinds_of(self, word: str) -> NDArray[np.bool_]:
        """Return which classes are a kind of what a word names, ``(1000,)``."""
        return np.array([word in names for names in self._named])

    def nearness(self, word: str, prompts: Sequence[str]) -> NDArray[np.float32]:
        """Return how near each class is, less by as much as an everyday word is nearer to it, ``(1000,)``."""
        others = [row for row, one in enumerate(self.everyday) if word not in one.phrases]
        return among_rivals(self._nearness(word, prompts), self._rivals[others].max(0))

    def _nearness(self, word: str, prompts: Sequence[str]) -> NDArray[np.float32]:
        return self.near(word, prompts) + KIND_BONUS * self.kinds_of(word).astype(np.float32)
