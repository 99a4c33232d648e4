from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hard_pictures import hard_pictures
from napari_ovseg import cli
from napari_ovseg.export import export

Exported = Callable[..., Path]


@pytest.fixture(scope="session", params=["python", "command line"])
def exported(request, tmp_path_factory) -> Exported:
    """Return a function that exports the hard pictures once in a format, and gives the folder.

    The command line runs inside the folder of the pictures, with the masks there as `segment` leaves them.
    """
    folder = tmp_path_factory.mktemp("hard")
    pictures = hard_pictures(folder / "pictures")
    export(pictures, folder / "masks", "png")

    def exported(format: str, **options: object) -> Path:
        said = "_".join([format, *options, *map(str, options.values())]).replace(".", "")
        if not (folder / said).exists():
            if request.param == "python":
                export(pictures, folder / said, format, **options)
            else:
                _run(folder, "masks", "--format", format, "--output", said, *_as_typed(options))
        return folder / said

    return exported


def _as_typed(options: dict[str, object]) -> list[str]:
    typed = []
    for name, value in options.items():
        typed += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return typed


def _run(folder: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["napari-ovseg", "export", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert not stopped.value.code
