from __future__ import annotations

import atexit
import os
import subprocess

import pytest
from hypothesis import settings

# Windows of tests leave the settings of the person who runs them alone; empty means no file.
os.environ["NAPARI_CONFIG"] = ""
# Threads of PyTorch that wait for each other spin; on busy cores that took 51 s where sleeping took 7.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Set by .ci/with_display: the screen is a virtual one, and there may be more.
VIRTUAL_SCREEN = bool(os.environ.get("NAPARI_OVSEG_VIRTUAL_SCREEN"))


def take_own_screen():
    """Two windows on one screen take the keyboard from each other, so each further process has its own."""
    told, tell = os.pipe()
    size = ["-screen", "0", "1400x900x24"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tell), *size, "-nolisten", "tcp", "-ac"],
        pass_fds=[tell],
        stderr=subprocess.DEVNULL,
    )
    # the last that is registered comes first
    atexit.register(server.wait)
    atexit.register(server.terminate)
    os.close(tell)
    with open(told) as numbers:
        os.environ["DISPLAY"] = f":{numbers.readline().strip()}"


if VIRTUAL_SCREEN and os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
    take_own_screen()

# A busy machine is no bug: pytest's own timeout ends a test that hangs.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share out files; all windows go to one process where there is one screen for all."""
    from xdist.scheduler import LoadScopeScheduling

    class WindowsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return "windows" if "/_napari/" in file and not VIRTUAL_SCREEN else file

    return WindowsTogether(config, log)


@pytest.fixture
def own_text_cache(tmp_path, monkeypatch):
    """Text vectors of models of random weights, which all have one name, kept apart."""
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path))


@pytest.fixture
def little_training():
    """Heads learn for a moment, see `brief_training`."""
    from brief_training import brief_training

    with brief_training():
        yield


@pytest.fixture
def everything_there(monkeypatch):
    """Every model is sure of every name."""
    import torch

    monkeypatch.setattr("napari_ovseg.sight.presence_of", lambda *asked: torch.ones(len(asked[-1])))


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """The model of tests/colour_names, as another package brings it; its card."""
    from brought import install
    from napari_ovseg.models import registry

    registry.brought.cache_clear()
    install(tmp_path / "site-packages", monkeypatch)
    yield registry.find_model("colours")
    registry.brought.cache_clear()
