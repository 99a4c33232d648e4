"""Loading PyTorch into a process that already shows a window."""

from __future__ import annotations

import os
import sys

TORCH_ADVICE = (
    "PyTorch could not be loaded ({error}): start napari with 'napari-ovseg open', which loads it before Qt, "
    "or install it again with 'pip install --force-reinstall torch'."
)


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
    import torch  # noqa: F401
