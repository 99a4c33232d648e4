"""The command line: ``napari-ovseg segment``, ``demo``, ``open``, ``suggest``, ``import`` and so on."""

from __future__ import annotations

import codecs
import io
import sys
import warnings
from typing import Annotated, TextIO

import typer

from napari_ovseg.cli.evaluate import evaluate
from napari_ovseg.cli.export import export
from napari_ovseg.cli.import_labels import import_labels
from napari_ovseg.cli.models import models_app
from napari_ovseg.cli.segment import demo, segment
from napari_ovseg.cli.suggest import suggest
from napari_ovseg.cli.train import train_app
from napari_ovseg.cli.window import open_command
from napari_ovseg.errors import OvsegError
from napari_ovseg.file_names import PERCENT
from napari_ovseg.version import __version__

app = typer.Typer(
    help="Type what is in the picture, get editable masks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(segment)
app.command()(demo)
app.command("open")(open_command)
app.command()(suggest)
app.command("import")(import_labels)
app.command()(export)
app.command()(evaluate)
app.add_typer(models_app, name="models")
app.add_typer(train_app, name="train")


def main() -> None:
    """Run the command line; an error of this package is one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        _take_any_name(stream)
    # Licences and notes of a run are printed here, once.
    warnings.filterwarnings("ignore", category=UserWarning, module="napari_ovseg")
    try:
        app()
    except OvsegError as error:
        typer.echo(f"Error: {' '.join(str(error).split())}", err=True)
        sys.exit(2)


def _take_any_name(stream: TextIO) -> None:
    """Let a stream write what its encoding can't hold as escapes: a name is no reason to stop."""
    if isinstance(stream, io.TextIOWrapper):
        plain = codecs.lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding="utf-8" if plain else None, errors=PERCENT)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
