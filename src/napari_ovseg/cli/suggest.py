"""``napari-ovseg suggest``: which names of a vocabulary suit a picture."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_ovseg.cli.models import load
from napari_ovseg.cli.options import CheckpointOption, DeviceOption, ModelOption, PresetOption
from napari_ovseg.cli.progress import Bars
from napari_ovseg.images import to_rgb
from napari_ovseg.pictures import read_flat_picture
from napari_ovseg.vocabularies import VOCABULARIES, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_ovseg.suggestions import Suggestion

_COLUMNS = ("score", "picture", "windows", "maps", "near")


def suggest(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="PNG, JPEG, TIFF and so on.")],
    vocabulary: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(VOCABULARIES)}, or a text file with one name per line. "
            "Default: everyday; for the bundled model demo.",
            metavar="FILE|NAME",
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="How many names to print.", min=1, metavar="N")] = 10,
    model: ModelOption = None,
    checkpoint: CheckpointOption = None,
    preset: PresetOption = "balanced",
    device: DeviceOption = "auto",
) -> None:
    """Suggest names for a picture, from a vocabulary.

    Prints the likeliest with what speaks for each, and a line of --labels to paste into "segment". Names that
    score so low that "segment" would call them absent are left out of it; take out what else isn't there.
    """
    names = None if vocabulary is None else read_vocabulary(vocabulary)
    picture = to_rgb(read_flat_picture(image).pixels)
    loaded = load(model, checkpoint, device)
    from napari_ovseg import suggestions

    with Bars() as bars:
        found = suggestions.suggest(picture, names, model=loaded, preset=preset, progress=bars)
    if found.note:
        typer.echo(f"Warning: {found.note}", err=True)
    best = found.ranked[:top]
    typer.echo("\n".join(_table(best)))
    likely = found.likely[:top]
    if likely:
        fewer = f"Those that score {found.least:g} or more:\n" if len(likely) < len(best) else ""
        typer.echo(f"\n{fewer}--labels {_quoted(_typed(likely))}")


def _table(suggestions: Sequence[Suggestion]) -> list[str]:
    """One line per name, in columns."""
    wide = max(len("name"), *(len(one.name) for one in suggestions))
    lines = [f"{'':3}  {'name':<{wide}}" + "".join(f"  {column:>7}" for column in _COLUMNS)]
    for number, one in enumerate(suggestions, 1):
        values = ("-" if value is None else f"{value:.2f}" for value in map(one.__getattribute__, _COLUMNS))
        lines.append(f"{number:>3}  {one.name:<{wide}}" + "".join(f"  {value:>7}" for value in values))
    return lines


def _typed(suggestions: Sequence[Suggestion]) -> str:
    """Write the names in one line; synonyms end by a semicolon."""
    texts = (one.category.text + ("; " if one.category.synonyms else ", ") for one in suggestions)
    return "".join(texts).rstrip(",; ")


def _quoted(text: str) -> str:
    """Quote for a shell: double quotes, which all of them have, unless one would read something into them."""
    return shlex.quote(text) if set(text) & set('"$`\\!%') else f'"{text}"'
