"""The command line in the process of the tests: a new process spends seconds on importing PyTorch."""

from __future__ import annotations

import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from napari_ovseg import cli


def run_here(folder: Path, *arguments: object) -> CompletedProcess[str]:
    """Run ``napari-ovseg`` from inside a folder; what it would have returned and said as a process."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, chdir(folder), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    code = stopped.value.code
    return CompletedProcess(sys.argv, int(code or 0), out.getvalue(), err.getvalue())
