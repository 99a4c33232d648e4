"""The list of named categories and what a person may do to it; nothing here touches a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from napari_ovseg.categories import Category, labels_dtype, name_key, parse_categories, same_name, void_id
from napari_ovseg.colours import BACKGROUND, STANDARD, VOID, Palette, category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class LabelTable:
    """The categories of an annotation. Never changed: each action returns another table.

    Parameters
    ----------
    labels : tuple of NamedLabel
        In the order of the table, which is that of the ids.
    locked : frozenset of int
        Ids whose pixels no update changes; 0, the background, may be among them.
    last_id : int
        The highest id that was ever given out, so that none is given out twice.
    merged : dict of int to int
        Which id took in another that is gone. Not saved: it is for jobs that began before.

    Raises
    ------
    InputError
        When an id or a name occurs twice, or a name is empty. What is typed keeps to further rules, those of
        `parse_categories`; names from files may be any.
    """

    labels: tuple[NamedLabel, ...] = ()
    locked: frozenset[int] = field(default=frozenset())
    last_id: int = 0
    merged: Mapping[int, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        labels = tuple(sorted(self.labels, key=lambda label: label.id))
        ids = [label.id for label in labels]
        if len(set(ids)) < len(ids) or min(ids, default=1) < 1:
            raise InputError(f"The ids {ids} can't be used: each must be 1 or more, and occur once.")
        names = Counter(label.name for label in labels)
        name, number = names.most_common(1)[0] if names else ("", 1)
        if number > 1:
            raise InputError(f"'{name}' occurs twice in the table: rename one of the two.")
        if any(not name.strip() for name in names):
            raise InputError("A category of the table has no name: give it one.")
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "locked", frozenset(self.locked) & {0, *ids})
        object.__setattr__(self, "last_id", max(self.last_id, *ids, 0))
        labels_dtype(self.last_id)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids in use, besides 0, in the order of the table."""
        return tuple(label.id for label in self.labels)

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """What pixels need to hold all ids and void: uint8, or uint16 past id 254."""
        return labels_dtype(self.last_id)

    @property
    def void(self) -> int:
        """The id of "not sure" pixels in that dtype."""
        return void_id(self.last_id)

    def find(self, id: int) -> NamedLabel:
        """Return the category with an id; raises InputError when there is none."""
        for label in self.labels:
            if label.id == id:
                return label
        raise InputError(f"No category has the id {id}: choose one of the table, or add it first.")

    def add(self, name: str, synonyms: Iterable[str] = (), palette: Palette = STANDARD) -> LabelTable:
        """Append a category, with an id that no other ever had and the next free colour of a palette.

        Raises
        ------
        InputError
            When the name or a synonym can't be used, or is in the table already.
        """
        typed = Category(name, tuple(synonyms))
        self._refuse_taken(typed.phrases, self.labels)
        return self.keep(NamedLabel(0, typed.name, VOID, typed.synonyms), palette)

    def keep(self, label: NamedLabel, palette: Palette = STANDARD) -> LabelTable:
        """Append a category under the name that it has, with an id and a colour as `add` gives."""
        new = replace(label, id=self.last_id + 1, colour=self._free_colour(palette))
        return replace(self, labels=(*self.labels, new))

    def add_typed(self, text: str, palette: Palette = STANDARD) -> LabelTable:
        """Append all categories of a typed list, such as "cat, dog: puppy"; all of them or none.

        Raises
        ------
        InputError
            As `add`, or when the list can't be read or has words for the background.
        """
        table = self
        for category in parse_categories(text):
            if category.background:
                raise InputError("The words of the background belong to the run: type them under Names.")
            table = table.add(category.name, category.synonyms, palette)
        return table

    @staticmethod
    def _refuse_taken(words: Iterable[str], labels: Iterable[NamedLabel]) -> None:
        names = {name_key(label.name) for label in labels}
        owners = {name_key(word): label.name for label in labels for word in label.synonyms}
        name, *_ = words = list(words)
        if name_key(name) in names:
            raise InputError(f"'{name}' is in the table already: choose another name.")
        for word in words:
            if name_key(word) in names | owners.keys():
                owner = owners.get(name_key(word), word)
                raise InputError(f"'{word}' stands for both '{owner}' and '{name}': keep it in one of them.")

    def rename(self, id: int, name: str) -> LabelTable:
        """Call a category by another name; a synonym of its own that is the same is taken out.

        Raises
        ------
        InputError
            When there is no such id, or another category has the name, or it can't be used.
        """
        label = self.find(id)
        if name == label.name:
            return self
        tidy = Category(name).name
        self._refuse_taken([tidy], [other for other in self.labels if other.id != id])
        synonyms = tuple(word for word in label.synonyms if not same_name(word, tidy))
        return self._with(replace(label, name=tidy, synonyms=synonyms))

    def recolour(self, id: int, colour: RGB) -> LabelTable:
        """Give a category a colour that nothing else has.

        Parameters
        ----------
        id : int
        colour : tuple of int
            Red, green and blue, 0 to 255.

        Raises
        ------
        InputError
            When there is no such id, a part is not in 0 to 255, or the colour is taken, black or white.
        """
        label = self.find(id)
        red, green, blue = (int(part) for part in colour)
        if not all(0 <= part <= 255 for part in (red, green, blue)):
            raise InputError(f"The colour {colour} can't be shown: red, green and blue go from 0 to 255.")
        if (red, green, blue) in (BACKGROUND, VOID):
            raise InputError(
                "Black and white stand for background and unsure in files: choose another colour."
            )
        twin = next((other for other in self.labels if other.colour == (red, green, blue)), label)
        if twin.id != id:
            raise InputError(f"'{twin.name}' has this colour already: choose another, so they stay apart.")
        return self._with(replace(label, colour=(red, green, blue)))

    def merge(self, source: int, into: int) -> LabelTable:
        """Make two categories one; the pixels are the caller's to change.

        Parameters
        ----------
        source : int
            The id that goes; its name and synonyms become synonyms of the other.
        into : int
            The id that stays, with its name and colour.

        Returns
        -------
        LabelTable
            Its `merged` says which id took in which.

        Raises
        ------
        InputError
            When there is no such id, both are the same, or one of them is locked.
        """
        gone, kept = self.find(source), self.find(into)
        if source == into:
            raise InputError(f"'{gone.name}' can't be merged into itself: choose another category.")
        self._refuse_locked(gone, "merged")
        self._refuse_locked(kept, "merged into")
        both = replace(kept, synonyms=(*kept.synonyms, gone.name, *gone.synonyms))
        merged = {gone: to for gone, to in self.merged.items() if gone not in self.ids}
        return replace(self._without(source)._with(both), merged={**merged, source: into})

    def delete(self, id: int) -> LabelTable:
        """Take a category out; the others keep their ids.

        Raises
        ------
        InputError
            When there is no such id, or it is locked.
        """
        self._refuse_locked(self.find(id), "deleted")
        return self._without(id)

    def lock(self, id: int) -> LabelTable:
        """Keep updates from changing the pixels of a category, or of the background (0).

        Raises
        ------
        InputError
            When there is no such id.
        """
        self._refuse_unknown(id)
        return replace(self, locked=self.locked | {id})

    def unlock(self, id: int) -> LabelTable:
        """Let updates change the pixels of a category again."""
        self._refuse_unknown(id)
        return replace(self, locked=self.locked - {id})

    def next_id(self, id: int) -> int:
        """Return the id of the row below, and of the first after the last; background is the last row."""
        return self._neighbour(id, 1)

    def previous_id(self, id: int) -> int:
        """Return the id of the row above, and of the last before the first; background is the last row."""
        return self._neighbour(id, -1)

    def nth_id(self, position: int) -> int | None:
        """Return the id of a row counted from 1, and 0 (background) for 0; None where there is no row."""
        return (0, *self.ids)[position] if 0 <= position <= len(self.labels) else None

    def stepped(self, left: LabelTable, to: LabelTable) -> LabelTable:
        """Do to this table what leads from one table to another: undo or redo of an edit.

        What else was done to the table since stays, unless that is at odds with it.
        """
        labels = {label.id: label for label in self.labels}
        old, new = ({label.id: label for label in table.labels} for table in (left, to))
        for id in {*old, *new}:
            if id not in new:
                labels.pop(id, None)
            elif id not in old:
                labels[id] = new[id]
            elif id in labels:
                labels[id] = _moved(labels[id], old[id], new[id])
        locked = (self.locked | (to.locked - left.locked)) - (left.locked - to.locked)
        try:
            merged = {gone: into for gone, into in {**self.merged, **to.merged}.items() if gone not in labels}
            return LabelTable(tuple(labels.values()), locked, self.last_id, merged)
        except InputError:
            return replace(to, last_id=max(to.last_id, self.last_id))

    def _neighbour(self, id: int, step: int) -> int:
        rows = (*self.ids, 0)
        if id not in rows:
            return rows[0 if step > 0 else -1]
        return rows[(rows.index(id) + step) % len(rows)]

    def _free_colour(self, palette: Palette) -> RGB:
        taken = {label.colour for label in self.labels} | {VOID}
        # One more than are taken holds at least one that is free, since no two of them are alike.
        for red, green, blue in category_colours(len(taken) + 1, palette)[1:].tolist():
            if (red, green, blue) not in taken:
                break
        return red, green, blue

    def _with(self, label: NamedLabel) -> LabelTable:
        return replace(self, labels=tuple(label if old.id == label.id else old for old in self.labels))

    def _without(self, id: int) -> LabelTable:
        return replace(self, labels=tuple(label for label in self.labels if label.id != id))

    def _refuse_locked(self, label: NamedLabel, what: str) -> None:
        if label.id in self.locked:
            raise InputError(f"'{label.name}' is locked and can't be {what}: unlock it first.")

    def _refuse_unknown(self, id: int) -> None:
        if id:
            self.find(id)


def _moved(label: NamedLabel, old: NamedLabel, new: NamedLabel) -> NamedLabel:
    """A category with what differs between two states of it."""
    for field_ in ("name", "colour", "synonyms"):
        if getattr(old, field_) != getattr(new, field_):
            label = replace(label, **{field_: getattr(new, field_)})
    return label
