import gc
import importlib.util
import subprocess
import sys

import pytest

from napari_ovseg._napari.jobs.torch_loading import window_alive


@pytest.mark.skipif(
    sys.platform != "linux" or importlib.util.find_spec("triton") is None, reason="PyTorch without triton"
)
def test_triton_is_bound_to_its_own_llvm_also_when_another_plugin_imported_pytorch_first():
    code = (
        "import sys, torch; from napari_ovseg._napari.jobs.torch_loading import load_torch; "
        "assert 'triton._C.libtriton' not in sys.modules; load_torch(); "
        "sys.exit('triton._C.libtriton' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_python_looks_for_garbage_again_and_threads_take_turns_as_before():
    turn = sys.getswitchinterval()
    with window_alive():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert sys.getswitchinterval() == turn
