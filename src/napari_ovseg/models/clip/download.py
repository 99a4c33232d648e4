"""Fetch weights from the Hugging Face hub into its own cache: visible, resumable, checked.

``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_HOME`` and ``HF_HUB_CACHE`` mean what they mean to the hub's client,
which does the transfer: it resumes a broken one, and reads the proxy from ``HTTPS_PROXY``.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError
from tqdm import tqdm

from napari_ovseg.errors import DownloadError, ModelError
from napari_ovseg.models.clip.registry import ModelSpec

Progress = Callable[[str, int, int], None]

CONFIG_FILE = "open_clip_config.json"
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TEXT_FILES = ["*.json", "vocab*", "merges.txt", "*.model"]


def is_cached(spec: ModelSpec) -> bool:
    """Return whether ``spec`` can be loaded without a connection."""
    if spec.name == "demo":
        return True
    if _cached_weights(spec) is None:
        return False
    if spec.repository is not None and _cached(spec.repository, CONFIG_FILE) is None:
        return False
    return all(_has_text(repository) for repository in _text_repositories(spec))


def download(spec: ModelSpec, progress: Progress | None = None) -> Path:
    """Return the weights of ``spec`` on this disk, fetched first where they aren't there yet.

    Parameters
    ----------
    spec : ModelSpec
    progress : callable, optional
        ``progress(stage, done, total)`` in bytes.

    Returns
    -------
    Path
        The file of weights, in the hub's cache.

    Raises
    ------
    DownloadError
        When they can't be fetched or arrive damaged; the message says what to do.
    ModelError
        When the model needs the transformers package and it isn't installed.
    """
    try:
        if spec.repository is not None and _cached(spec.repository, CONFIG_FILE) is None:
            _fetch(spec, spec.repository, CONFIG_FILE, progress)
        if _text_repositories(spec) and not _has_transformers():
            raise ModelError(f'"{spec.name}" needs one more package: run pip install transformers.')
        path = _cached_weights(spec) or _fetch_weights(spec, progress)
        for repository in _text_repositories(spec):
            if not _has_text(repository):
                huggingface_hub.snapshot_download(repository, allow_patterns=TEXT_FILES)
    except ModelError:
        raise
    except Exception as error:
        # The hub's client, httpx and the operating system each raise their own types for "it did not arrive".
        raise DownloadError(_disk_advice(spec, error) or _advice(spec, _reason(error))) from error
    return path


def source(spec: ModelSpec) -> tuple[str, tuple[str, ...]]:
    """Return the hub repository of ``spec`` and what its weights may be called there, safetensors first."""
    repository, _, file = spec.hub.rpartition("/")
    if not repository:
        raise DownloadError(
            f'The weights of "{spec.name}" are not on the hub: fetch them from where they are published, '
            f'and use load_model("{spec.architecture}", checkpoint=FILE).'
        )
    if not file:
        return repository, WEIGHT_FILES
    safe = str(Path(file).with_suffix(".safetensors"))
    return repository, tuple(dict.fromkeys((safe, file)))


def _cached(repository: str, file: str) -> Path | None:
    found = huggingface_hub.try_to_load_from_cache(repository, file)
    return Path(found) if isinstance(found, str) else None


def _cached_weights(spec: ModelSpec) -> Path | None:
    repository, files = source(spec)
    return next((path for file in files if (path := _cached(repository, file))), None)


def _fetch_weights(spec: ModelSpec, progress: Progress | None) -> Path:
    repository, files = source(spec)
    for file in files[:-1]:
        try:
            return _fetch(spec, repository, file, progress)
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            continue
    return _fetch(spec, repository, files[-1], progress)


def _fetch(spec: ModelSpec, repository: str, file: str, progress: Progress | None) -> Path:
    bar = _bar(f"Downloading {spec.name}", progress)
    path = Path(huggingface_hub.hf_hub_download(repository, file, tqdm_class=bar))
    blob = path.resolve()
    if blob.parent.name == "blobs" and not _intact(blob):
        blob.unlink()
        path.unlink(missing_ok=True)
        raise DownloadError(_advice(spec, f"{file} arrived damaged: its checksum is wrong"))
    return path


def _intact(blob: Path) -> bool:
    """Compare a file with the name the hub gave it: its sha256, or git's sha1 for small files."""
    name = blob.name
    if len(name) == 64:
        digest: Any = hashlib.sha256()
    elif len(name) == 40:
        digest = hashlib.sha1(f"blob {blob.stat().st_size}\0".encode(), usedforsecurity=False)
    else:
        return True
    with blob.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest() == name


def _text_repositories(spec: ModelSpec) -> tuple[str, ...]:
    """Return where a tokenizer or text tower of the transformers package has its own files."""
    if spec.repository is None:
        return (spec.text_repository,) if spec.text_repository else ()
    path = _cached(spec.repository, CONFIG_FILE)
    try:
        text = json.loads(path.read_text(encoding="utf-8"))["model_cfg"]["text_cfg"] if path else {}
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    names = (text.get("hf_model_name"), text.get("hf_tokenizer_name"))
    return tuple(dict.fromkeys(name for name in names if name))


def _has_text(repository: str) -> bool:
    """Return whether the files of a tokenizer are here; a text tower has a config.json, SigLIP's has none."""
    return any(_cached(repository, file) for file in ("tokenizer_config.json", "config.json"))


def _has_transformers() -> bool:
    try:
        return importlib.util.find_spec("transformers") is not None
    except ValueError:
        # An entry of None in sys.modules says that the package must not be imported.
        return False


def _bar(stage: str, progress: Progress | None) -> type[tqdm]:
    """Return a progress bar for the hub's client that reports to ``progress`` and prints nothing."""

    class Reporter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            if progress is not None:
                progress(stage, int(self.n), int(self.total or 0))
            return shown

    return Reporter


def _reason(error: BaseException) -> str:
    if isinstance(error, LocalEntryNotFoundError):
        offline = huggingface_hub.constants.HF_HUB_OFFLINE
        return "HF_HUB_OFFLINE is set" if offline else "there is no connection to the hub"
    if isinstance(error, RepositoryNotFoundError):
        return "the hub has no such public repository"
    return str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__


def _disk_advice(spec: ModelSpec, error: Exception) -> str | None:
    """Say what to do when it is the disk that refuses the weights, None when it is not."""
    code = error.errno if isinstance(error, OSError) else None
    folder = huggingface_hub.constants.HF_HUB_CACHE
    if code in {errno.ENOSPC, errno.EDQUOT}:
        size = f"{spec.megabytes} MB" if spec.megabytes else "the weights"
        return (
            f'There is no room for {size} of "{spec.name}" in {folder}: free some, or set HF_HOME to '
            "another disk."
        )
    if code in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f'"{spec.name}" can\'t be stored in {folder}: change its permissions, or set HF_HOME to another '
            "folder."
        )
    return None


def _advice(spec: ModelSpec, reason: str) -> str:
    architecture = spec.architecture or "ARCHITECTURE"
    return (
        f'The weights of "{spec.name}" could not be downloaded: {reason}. Check the connection (behind a '
        f'proxy, set HTTPS_PROXY) and run "napari-ovseg models download {spec.name}" again, which goes on '
        f'where it stopped; or load a file you have, with load_model("{architecture}", checkpoint=FILE); or '
        'use the bundled model "demo", which needs no download.'
    )
