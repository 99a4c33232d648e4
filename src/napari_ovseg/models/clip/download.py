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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import huggingface_hub
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError
from tqdm import tqdm

from napari_ovseg.errors import DownloadError, ModelError
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.card import ClipCard

if TYPE_CHECKING:
    from napari_ovseg.segmentation import Progress

CONFIG_FILE = "open_clip_config.json"
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TEXT_FILES = ["*.json", "vocab*", "merges.txt", "*.model"]


def is_cached(card: ClipCard) -> bool:
    """Return whether ``card`` can be loaded without a connection."""
    if card.bundled:
        return True
    if _cached_weights(card) is None:
        return False
    if card.repository is not None and _cached(card.repository, CONFIG_FILE) is None:
        return False
    return all(_has_text(repository) for repository in _text_repositories(card))


def weights(card: ClipCard, checkpoint: str | Path | None = None, progress: Progress | None = None) -> Path:
    """Return the file of weights of ``card``: the bundled one, one of the hub, or a checkpoint that is given.

    Raises
    ------
    ModelError
        When a checkpoint is given that can't be one, or that doesn't go with ``card``.
    DownloadError
        As in `download`.
    """
    if checkpoint is None:
        return registry.DEMO_FOLDER / card.checkpoint if card.bundled else download(card, progress)
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        raise ModelError(f'The checkpoint "{path}" is a folder: give the file of weights in it.')
    if not path.is_file():
        raise ModelError(f'There is no checkpoint "{path}": check the path.')
    if card.repository is not None:
        raise ModelError(
            f'A local checkpoint goes with an architecture, not with "{card.name}": '
            'use load_model("ViT-B-16", checkpoint=...), or whichever architecture it has.'
        )
    return path


def download(card: ClipCard, progress: Progress | None = None) -> Path:
    """Return the weights of ``card`` on this disk, fetched first where they aren't there yet.

    Parameters
    ----------
    card : ClipCard
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
        if card.repository is not None and _cached(card.repository, CONFIG_FILE) is None:
            _fetch(card, card.repository, CONFIG_FILE, progress)
        if _text_repositories(card) and not _has_transformers():
            raise ModelError(f'"{card.name}" needs one more package: run pip install transformers.')
        path = _cached_weights(card) or _fetch_weights(card, progress)
        for repository in _text_repositories(card):
            if not _has_text(repository):
                huggingface_hub.snapshot_download(repository, allow_patterns=TEXT_FILES)
    except ModelError:
        raise
    except Exception as error:
        # The hub's client, httpx and the operating system each raise their own types for "it did not arrive".
        raise DownloadError(_disk_advice(card, error) or _advice(card, _reason(error))) from error
    return path


def source(card: ClipCard) -> tuple[str, tuple[str, ...]]:
    """Return the hub repository of ``card`` and what its weights may be called there, safetensors first."""
    repository, _, file = card.hub.rpartition("/")
    if not repository:
        raise DownloadError(
            f'The weights of "{card.name}" are not on the hub: fetch them from where they are published, '
            f'and use load_model("{card.architecture}", checkpoint=FILE).'
        )
    if not file:
        return repository, WEIGHT_FILES
    safe = str(Path(file).with_suffix(".safetensors"))
    return repository, tuple(dict.fromkeys((safe, file)))


def _cached(repository: str, file: str) -> Path | None:
    found = huggingface_hub.try_to_load_from_cache(repository, file)
    return Path(found) if isinstance(found, str) else None


def _cached_weights(card: ClipCard) -> Path | None:
    repository, files = source(card)
    return next((path for file in files if (path := _cached(repository, file))), None)


def _fetch_weights(card: ClipCard, progress: Progress | None) -> Path:
    repository, files = source(card)
    for file in files[:-1]:
        try:
            return _fetch(card, repository, file, progress)
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            continue
    return _fetch(card, repository, files[-1], progress)


def _fetch(card: ClipCard, repository: str, file: str, progress: Progress | None) -> Path:
    bar = _bar(f"Downloading {card.name}", progress)
    path = Path(huggingface_hub.hf_hub_download(repository, file, tqdm_class=bar))
    blob = path.resolve()
    if blob.parent.name == "blobs" and not _intact(blob):
        blob.unlink()
        path.unlink(missing_ok=True)
        raise DownloadError(_advice(card, f"{file} arrived damaged: its checksum is wrong"))
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


def _text_repositories(card: ClipCard) -> tuple[str, ...]:
    """Return where a tokenizer or text tower of the transformers package has its own files."""
    if card.repository is None:
        return (card.text_repository,) if card.text_repository else ()
    path = _cached(card.repository, CONFIG_FILE)
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


def _disk_advice(card: ClipCard, error: Exception) -> str | None:
    """Say what to do when it is the disk that refuses the weights, None when it is not."""
    code = error.errno if isinstance(error, OSError) else None
    folder = huggingface_hub.constants.HF_HUB_CACHE
    if code in {errno.ENOSPC, errno.EDQUOT}:
        size = f"{card.megabytes} MB" if card.megabytes else "the weights"
        return (
            f'There is no room for {size} of "{card.name}" in {folder}: free some, or set HF_HOME to '
            "another disk."
        )
    if code in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f'"{card.name}" can\'t be stored in {folder}: change its permissions, or set HF_HOME to another '
            "folder."
        )
    return None


def _advice(card: ClipCard, reason: str) -> str:
    architecture = card.architecture or "ARCHITECTURE"
    return (
        f'The weights of "{card.name}" could not be downloaded: {reason}. Check the connection (behind a '
        f'proxy, set HTTPS_PROXY) and run "napari-ovseg models download {card.name}" again, which goes on '
        f'where it stopped; or load a file you have, with load_model("{architecture}", checkpoint=FILE); or '
        'use the bundled model "demo", which needs no download.'
    )
