"""All that a fast model is taught by: pictures with masks as they are shown, each once, and their names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.many.ledger import digest_of
from napari_ovseg.segmentation import ShouldStop, checking
from napari_ovseg.training.annotated import NOT_DONE, Annotated, read_annotated
from napari_ovseg.training.fast_examples import Taught, taught
from napari_ovseg.training.resumable import STOPPED

# one picture of so many is held back to measure on, once there are so many
HELD_BACK_OF = 5


@dataclass(frozen=True)
class Lessons:
    """Pictures with masks, and what is in them.

    Attributes
    ----------
    pictures : dict of str to Taught
        By a digest of all that is learnt from each; equal ones count once.
    phrases : dict of str to dict of str to None
        By name, in the order of reading: the name and the synonyms that it has in any picture.
    skipped : list of str
        Why others can't be used, a sentence each.
    """

    pictures: dict[str, Taught] = field(default_factory=dict)
    phrases: dict[str, dict[str, None]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all pictures, each once."""
        return tuple(self.phrases)

    @property
    def digest(self) -> str:
        """Of all of it, in whatever order it was read."""
        return digest_of(sorted(self.pictures))

    def apart(self) -> tuple[list[Taught], list[Taught]]:
        """Return the pictures to learn from, and each fifth, in an order that only their content decides."""
        ordered = [self.pictures[digest] for digest in sorted(self.pictures)]
        if len(ordered) < HELD_BACK_OF:
            return ordered, []
        return [one for k, one in enumerate(ordered) if k % HELD_BACK_OF], ordered[::HELD_BACK_OF]


def read_lessons(source: Path, window: int, patch: int, should_stop: ShouldStop | None) -> Lessons:
    """Read pictures with masks, and keep each at the size that it is shown at.

    Parameters
    ----------
    source : Path
        As for `read_annotated`.
    window, patch : int
        As for `taught`.
    should_stop : callable, optional
        ``should_stop() -> bool``, asked before each picture.

    Raises
    ------
    InputError
        When there is nothing to learn from.
    Cancelled
        Once ``should_stop()`` is true.
    """
    check = checking(should_stop, STOPPED)
    lessons = Lessons()
    check()
    for one in read_annotated(source, lessons.skipped):
        for label in one.categories:
            words = lessons.phrases.setdefault(label.name, {label.name: None})
            words.update(dict.fromkeys(label.synonyms))
        lessons.pictures[_digest(one)] = taught(one, lessons.names, window, patch)
        check()
    if not lessons.pictures:
        raise InputError(_why_none(source, lessons.skipped))
    return lessons


def _digest(one: Annotated) -> str:
    """Of all that is learnt from a picture."""
    content = hashlib.blake2b(digest_size=16)
    for plane in (one.picture, one.labels, one.human):
        if plane is not None:
            content.update(plane.tobytes())
    names = [(label.id, label.name, *label.synonyms) for label in one.categories]
    return digest_of(content.hexdigest(), one.labels.shape, names)


def _why_none(source: Path, skipped: Sequence[str]) -> str:
    """Say why there is nothing to learn from, and what to do."""
    undone = [reason for reason in skipped if NOT_DONE in reason]
    if undone and len(undone) == len(skipped):
        return (
            f"No picture of {as_text(source)} is marked as done: correct some in the window, mark them as "
            "done, and try again."
        )
    return " ".join([f"No picture of {as_text(source)} can be learnt from.", *skipped[:3]])
