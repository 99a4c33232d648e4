"""Loading PyTorch into a process that already shows a window, and keeps it alive meanwhile."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

TORCH_ADVICE = (
    "PyTorch could not be loaded ({error}): start napari with 'napari-ovseg open', which loads it before Qt, "
    "or install it again with 'pip install --force-reinstall torch'."
)

# Those that take long to load, and run no Python while they do.
_LIBRARIES = ("libc10.so", "libtorch_cpu.so", "libtorch_cuda.so")
_SHORT_TURN_S = 0.0005
_set_aside_once = False


@contextmanager
def window_alive() -> Iterator[None]:
    """Keep the window drawing while another thread imports thousands of modules.

    Python stops all threads while it looks for garbage, the longer the more there is in memory: up to a
    second once PyTorch is imported. What is imported here is never garbage, so it is not looked through,
    neither now nor later; see `look_through_all` for what else was there. And threads take turns more often.
    """
    was_on, turn = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(_SHORT_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        _set_aside()
        if was_on:
            gc.enable()


def look_through_all() -> Callable[[], None]:
    """Let the next look for garbage go through what was set aside too, as something large is about to go.

    Returns
    -------
    callable
        To be called after that look, so that the next ones are short again.
    """
    if not _set_aside_once:
        return lambda: None
    gc.unfreeze()
    return gc.freeze


def _set_aside() -> None:
    global _set_aside_once
    _set_aside_once = True
    gc.freeze()


def load_torch() -> None:
    """Import PyTorch, on Linux in a way that survives a window that was opened first.

    Mesa's OpenGL drivers bring their own copy of LLVM into the process, and so does triton, which PyTorch
    imports. Loaded second, triton would bind to Mesa's copy and crash; it is loaded here bound to its own.

    Raises
    ------
    ImportError, OSError
        When PyTorch is not installed or can't be loaded.
    """
    # another plugin may have imported PyTorch, which alone does not bring triton along
    loaded = "triton._C.libtriton" in sys.modules
    if not loaded and sys.platform == "linux" and hasattr(os, "RTLD_DEEPBIND"):
        flags = sys.getdlopenflags()
        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
        try:
            import triton._C.libtriton  # noqa: F401
        except ImportError:
            pass  # PyTorch without CUDA comes without triton
        finally:
            sys.setdlopenflags(flags)
    if "torch" not in sys.modules and sys.platform == "linux":
        _load_libraries()
    import torch  # noqa: F401


def _load_libraries() -> None:
    """Load PyTorch's libraries as a foreign call, during which other threads run: importing stops them."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for name in _LIBRARIES:
        path = Path(spec.origin).parent / "lib" / name
        if path.is_file():
            # what can't be loaded is told by the import that follows
            dlopen(os.fsencode(path), os.RTLD_NOW)
