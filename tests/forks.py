"""Runs that are killed, each a process of its own: forks of one that has PyTorch and the model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


class Forks:
    """Starts runs of a script that calls `fork_for_each_line`, one after the other."""

    def __init__(self, script: Path) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Forks:
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.kill()
        self._parent.communicate()

    def start(self, asked: str) -> int:
        """Start a run; its process."""
        self._parent.stdin.write(f"{asked}\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def ended(self) -> int:
        """Wait for the run; what it has returned, or minus the signal that has ended it."""
        return int(self._parent.stdout.readline())


def fork_for_each_line(run: Callable[[str], None]) -> None:
    """Run each line of standard input; say on standard output which process it is, and how it has ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(line.rstrip("\n"))
            return
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
