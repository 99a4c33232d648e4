"""Things with outlines and names, as most tools write them, drawn into labels under one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_ovseg.categories import MAX_CATEGORIES, labels_dtype, void_id
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.drawing import Canvas, Drawn, refuse_unseen
from napari_ovseg.imports.named import rgb
from napari_ovseg.imports.skipped import Skipped, Unusable
from napari_ovseg.imports.told import Told
from napari_ovseg.labelled import LabelledPicture, NamedLabel

Shape = tuple[int, int]


@dataclass(frozen=True)
class Thing:
    """One thing of a file.

    Attributes
    ----------
    which : str
        What it is called where it is left out.
    name : str
        Of its category.
    cover : callable
        ``cover(shape) -> (corner, mask)``, as `drawing.Canvas` takes them; raises Unusable.
    colour : object
        Of its category, as the file has it; None where it has none.
    """

    which: str
    name: str
    cover: Callable[[Shape], Drawn]
    colour: Any = None


@dataclass
class Sheet:
    """What a file tells of one picture: its size, and the things in it."""

    file: Path
    name: str
    size: Shape
    things: list[Thing]
    skipped: Skipped
    told: Told = field(default_factory=Told)
    picture: Path | None = None
    notes: list[str] = field(default_factory=list)


class Table:
    """Categories by name: those that files number keep their ids, others get the next as they come."""

    def __init__(self, background: Collection[str] = (), void: Collection[str] = ()) -> None:
        self._background, self._void = background, void
        self._known: dict[str, NamedLabel] = {}
        self._ids: set[int] = set()
        self._uncoloured: set[str] = set()
        self.largest = 0

    def know(self, label: NamedLabel, *, coloured: bool = True) -> None:
        """Take a category with its id, or the next one where the id is another's."""
        if label.name in self._known or label.name in self._background or label.name in self._void:
            return
        id = label.id if label.id not in self._ids else self.largest + 1
        if id > MAX_CATEGORIES:
            raise InputError(f"There are more than {MAX_CATEGORIES} categories, the most that labels hold.")
        self._ids.add(id)
        self.largest = max(self.largest, id)
        self._known[label.name] = NamedLabel(id, label.name, label.colour, label.synonyms)
        if not coloured:
            self._uncoloured.add(label.name)

    def meet(self, name: str, colour: Any) -> None:
        """Take the category of a thing, if it is a new one."""
        if name not in self._known:
            shown = rgb(colour)
            self.know(NamedLabel(self.largest + 1, name, shown or (0, 0, 0)), coloured=shown is not None)

    def id_of(self, name: str) -> int:
        """The id in the pixels."""
        if name in self._background:
            return 0
        return void_id(self.largest) if name in self._void else self._known[name].id

    @property
    def labels(self) -> tuple[NamedLabel, ...]:
        """All, in the order of their ids."""
        colours = category_colours(self.largest).tolist() if self._uncoloured else []
        found = (
            replace(label, colour=tuple(colours[label.id])) if label.name in self._uncoloured else label
            for label in self._known.values()
        )
        return tuple(sorted(found, key=lambda label: label.id))


def draw_all(sheets: Sequence[Sheet], table: Table, refused: list[InputError]) -> list[LabelledPicture]:
    """Draw the things of each picture, the smaller above the larger; one table holds for all.

    What is left out is named and counted in the notes of its picture. A picture for which there is no memory
    goes to `refused`, and so does one of which nothing can be drawn though the file has labels: pure
    background would be taken for a label of all of it.
    """
    for sheet in sheets:
        for label in sheet.told.labels:
            table.know(label)
    for sheet in sheets:
        for thing in sheet.things:
            table.meet(thing.name, thing.colour)
    names = Counter(sheet.name for sheet in sheets)
    labels = table.labels
    found = []
    for sheet in sheets:
        try:
            found.append(_drawn(sheet, table, labels, alone=names[sheet.name] == 1))
        except Unusable as error:
            refused.append(InputError(f"{sheet.file} can't be read, because {error}."))
        except InputError as error:
            refused.append(error)
    return found


def _drawn(sheet: Sheet, table: Table, labels: tuple[NamedLabel, ...], *, alone: bool) -> LabelledPicture:
    if sheet.picture is None or not sheet.picture.is_file():
        # once more, as the pictures before it have taken memory
        refuse_unseen(sheet.size)
    canvas = Canvas(sheet.size, labels_dtype(table.largest).type)
    number = 0
    for thing in sheet.things:
        try:
            canvas.draw(table.id_of(thing.name), *thing.cover(sheet.size))
            number += 1
        except Unusable as error:
            sheet.skipped.add(thing.which, str(error))
    if sheet.skipped.count and not number:
        nothing = f"'{sheet.name}' has no label that can be read, and was left out: {as_text(sheet.file)}."
        raise InputError(" ".join([nothing, *sheet.skipped.sentences()]))
    told = sheet.told
    notes = [*told.notes, *sheet.notes, *sheet.skipped.sentences()]
    if canvas.shared:
        notes.append(f"Pixels of several categories went to the smallest thing: {canvas.shared}.")
    return LabelledPicture(
        name=sheet.name if alone else f"{sheet.file.parent.name} {sheet.name}",
        labels=canvas.labels,
        categories=labels,
        picture_path=sheet.picture,
        pixel_size=told.pixel_size,
        unit=told.unit,
        record={**told.record, "read_from": as_text(sheet.file), **({"notes": notes} if notes else {})},
        done=told.done,
    )
