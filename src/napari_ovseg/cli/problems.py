"""What of a batch could not be read: said at its end, as one bad file never ends the others."""

from __future__ import annotations

from collections.abc import Sequence

import typer


def end_with(problems: Sequence[str]) -> None:
    """List what could not be read, a sentence each, and exit with status 1; return when there is nothing."""
    if problems:
        typer.echo(f"{len(problems)} of what was named could not be read, and was left out:", err=True)
        for problem in problems:
            typer.echo(f"  {' '.join(problem.split())}", err=True)
        raise typer.Exit(1)
