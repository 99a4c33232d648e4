"""The real path to the weights: our own files in the hub's cache layout, and a hub on this machine."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants

from napari_ovseg import load_model
from napari_ovseg.errors import DownloadError, ModelError
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.download import download, is_cached, source
from napari_ovseg.models.clip.registry import find_clip

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "hf-hub:someone/tiny"


@pytest.fixture
def hub_cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return folder


@pytest.fixture
def files(make_clip, save, tmp_path, architecture) -> dict[str, bytes]:
    """What a repository on the hub holds."""
    settings = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}
    config = json.dumps({"model_cfg": architecture, "preprocess_cfg": settings}).encode()
    weights = save(make_clip(), tmp_path / "made" / "w.safetensors").read_bytes()
    return {"open_clip_config.json": config, "open_clip_model.safetensors": weights}


def into_cache(folder: Path, files: dict[str, bytes], repository: str = "someone/tiny") -> None:
    """Lay files out as the hub's client does: blobs by digest, snapshots by commit, refs by branch."""
    base = folder / f"models--{repository.replace('/', '--')}"
    snapshot = base / "snapshots" / COMMIT
    for part in (snapshot, base / "blobs", base / "refs"):
        part.mkdir(parents=True, exist_ok=True)
    (base / "refs" / "main").write_text(COMMIT)
    for name, content in files.items():
        blob = base / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (snapshot / name).symlink_to(blob)


def test_a_cached_model_loads_offline(hub_cache, files, make_clip):
    assert not is_cached(find_clip(NAME))
    into_cache(hub_cache, files)
    assert is_cached(find_clip(NAME))
    model = load_model(NAME, device="cpu")
    assert torch.equal(model.network.visual.proj, make_clip().visual.proj)
    assert model.checkpoint_id == hashlib.sha256(files["open_clip_model.safetensors"]).hexdigest()
    white = model.preprocess(torch.ones(8, 8, 3), (32, 32))
    torch.testing.assert_close(white, torch.full((1, 3, 32, 32), 2.0))
    assert model.encode(["cat"]).shape == (1, 24)


@pytest.mark.parametrize("file", ["tokenizer_config.json", "config.json"])
def test_a_tokenizer_of_its_own_counts_as_cached(hub_cache, files, file):
    config = json.loads(files["open_clip_config.json"])
    config["model_cfg"]["text_cfg"] = config["model_cfg"]["text_cfg"] | {"hf_tokenizer_name": "someone/words"}
    into_cache(hub_cache, files | {"open_clip_config.json": json.dumps(config).encode()})
    assert not is_cached(find_clip(NAME))
    into_cache(hub_cache, {file: b"{}"}, "someone/words")
    assert is_cached(find_clip(NAME))


def test_torch_weights_are_found_where_there_are_no_safetensors(hub_cache, files, make_clip, tmp_path):
    torch.save(make_clip(seed=4).state_dict(), tmp_path / "w.bin")
    into_cache(
        hub_cache,
        {
            "open_clip_config.json": files["open_clip_config.json"],
            "open_clip_pytorch_model.bin": (tmp_path / "w.bin").read_bytes(),
        },
    )
    assert torch.equal(load_model(NAME, device="cpu").network.visual.proj, make_clip(seed=4).visual.proj)


def test_architecture_and_tag_take_the_same_cache(hub_cache, files, demo_folder, monkeypatch):
    from napari_ovseg.models.clip import registry

    load_model("demo", device="cpu")
    spec = ClipCard("ovseg-demo/own", "ovseg-demo", checkpoint="own", hub="someone/tiny/")
    monkeypatch.setitem(registry.CLIP_MODELS, spec.name, spec)
    into_cache(hub_cache, files)
    assert load_model(spec.name, device="cpu").card is spec


def test_truncated_weights_in_the_cache_are_a_model_error(hub_cache, files):
    short = files["open_clip_model.safetensors"][:999]
    into_cache(hub_cache, files | {"open_clip_model.safetensors": short})
    with pytest.raises(ModelError, match="truncated"):
        load_model(NAME, device="cpu")


def test_offline_and_not_cached_says_what_to_do(hub_cache):
    with pytest.raises(DownloadError) as error:
        load_model(NAME, device="cpu")
    message = str(error.value)
    for advice in (
        "HF_HUB_OFFLINE",
        "proxy",
        f"napari-ovseg models download {NAME}",
        "checkpoint=",
        '"demo"',
    ):
        assert advice in message
    assert "\n" not in message


def test_the_environment_is_honoured(files, tmp_path):
    """The hub's client reads it when it is imported; that needs no PyTorch."""
    into_cache(tmp_path / "elsewhere", files)
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path / "elsewhere"), "HF_HUB_OFFLINE": "1"}
    code = (
        "from napari_ovseg.models.registry import find_offer; "
        f"offer = find_offer({NAME!r}); print(offer.is_here(), offer.fetch(None), sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200
    )
    here, path = result.stdout.splitlines()
    assert here == "True", result.stderr
    assert Path(path).is_relative_to(tmp_path / "elsewhere")
    assert Path(path).read_bytes() == files["open_clip_model.safetensors"]


def test_specs_say_where_their_weights_are():
    assert source(find_clip("hf-hub:a/b"))[0] == "a/b"
    repository, names = source(ClipCard("x/y", "x", checkpoint="y", hub="org/repo/pytorch_model.bin"))
    assert (repository, names) == ("org/repo", ("pytorch_model.safetensors", "pytorch_model.bin"))
    with pytest.raises(DownloadError, match="checkpoint=FILE"):
        source(ClipCard("x/y", "x", checkpoint="y"))


class Hub(ThreadingHTTPServer):
    """As much of the hub as its client asks for: one repository, and a choice of ways to fail."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = files
        self.cut_once = 0
        self.swap = False
        self.asked: list[tuple[str, str, str | None]] = []


class Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self.answer(send=False)

    def do_GET(self) -> None:
        self.answer(send=True)

    def answer(self, *, send: bool) -> None:
        hub, name = self.server, self.path.rsplit("/", 1)[-1]
        asked_range = self.headers.get("Range")
        hub.asked.append((self.command, name, asked_range))
        if "/someone/tiny/resolve/main/" not in self.path or name not in hub.files:
            missing = "EntryNotFound" if "/someone/tiny/" in self.path else "RepoNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", missing)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = hub.files[name]
        start = int(asked_range.removeprefix("bytes=").split("-")[0]) if asked_range else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if not send:
            return
        body = content[start:]
        if hub.swap and name.endswith(".safetensors"):
            body = body[:-1] + bytes([body[-1] ^ 1])
        if hub.cut_once and name.endswith(".safetensors"):
            body, hub.cut_once = body[: hub.cut_once], 0
            self.close_connection = True
        self.wfile.write(body)


@pytest.fixture
def hub(files, hub_cache, monkeypatch):
    server = Hub(files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    huggingface_hub.utils.close_session()
    yield server
    server.shutdown()
    server.server_close()
    huggingface_hub.utils.close_session()


def test_a_download_is_visible_and_kept(hub, files):
    seen = []
    path = download(find_clip(NAME), lambda *step: seen.append(step))
    assert path.read_bytes() == files["open_clip_model.safetensors"]
    assert {stage for stage, _, _ in seen} == {f"Downloading {NAME}"}
    assert seen[-1][1] == seen[-1][2] == len(files["open_clip_model.safetensors"])
    asked = len(hub.asked)
    assert download(find_clip(NAME)) == path
    assert len(hub.asked) == asked
    assert is_cached(find_clip(NAME))


def test_a_broken_transfer_goes_on_where_it_stopped(hub, files, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    hub.cut_once = 10_000
    path = download(find_clip(NAME))
    assert path.read_bytes() == files["open_clip_model.safetensors"]
    resumed = [span for command, _, span in hub.asked if command == "GET" and span]
    assert resumed
    assert resumed[0].startswith("bytes=10000-")


def test_damaged_weights_are_found_by_their_checksum_and_not_kept(hub):
    hub.swap = True
    with pytest.raises(DownloadError, match="checksum"):
        download(find_clip(NAME))
    assert not is_cached(find_clip(NAME))
    hub.swap = False
    assert download(find_clip(NAME)).is_file()


def test_a_repository_without_weights_says_so(hub):
    del hub.files["open_clip_model.safetensors"]
    with pytest.raises(DownloadError, match="404"):
        download(find_clip(NAME))


def test_a_repository_that_is_not_there_says_so(hub):
    with pytest.raises(DownloadError, match="no such public repository"):
        download(find_clip("hf-hub:someone/else"))


def test_a_missing_package_is_named_before_the_weights_are_fetched(hub, files, monkeypatch):
    config = json.loads(files["open_clip_config.json"])
    config["model_cfg"]["text_cfg"] = config["model_cfg"]["text_cfg"] | {"hf_tokenizer_name": "someone/words"}
    hub.files["open_clip_config.json"] = json.dumps(config).encode()
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match="pip install transformers"):
        download(find_clip(NAME))
    assert not any(name.endswith(".safetensors") for _, name, _ in hub.asked)


@pytest.mark.parametrize(("code", "says"), [(errno.ENOSPC, "no room"), (errno.EACCES, "permissions")])
def test_a_disk_that_refuses_the_weights_says_so(hub, monkeypatch, code, says):
    def refuse(*args, **options):
        raise OSError(code, "refused")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", refuse)
    with pytest.raises(DownloadError, match=f"{says}.*HF_HOME"):
        download(find_clip(NAME))


def test_no_connection_says_what_to_do(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    hub.shutdown()
    hub.server_close()
    with pytest.raises(DownloadError, match="no connection"):
        download(find_clip(NAME))
