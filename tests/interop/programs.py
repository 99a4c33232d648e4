"""Programs that people open our files with, from the extra `interop`."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

import pytest

# Set where everything has to be read, as in .ci/run: a program that is missing is an error there.
REQUIRED = "NAPARI_OVSEG_INTEROP"


def program(name: str) -> ModuleType:
    """Import a module that reads our files; where it is not installed, its tests are skipped."""
    if os.environ.get(REQUIRED) == "required":
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f'{name} is missing: pip install -e ".[interop]"')
