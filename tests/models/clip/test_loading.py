from __future__ import annotations

import json
import pickle
import shutil

import open_clip
import pytest
import torch

from napari_ovseg import load_model
from napari_ovseg.errors import DownloadError, InputError, ModelError
from napari_ovseg.models import loading
from napari_ovseg.models.clip import download as fetching
from napari_ovseg.models.clip import registry
from napari_ovseg.models.clip.card import PHOTO, ClipCard


def test_demo_reads_its_two_files(demo_folder):
    model = load_model("demo", device="cpu")
    assert model.card.name == "demo"
    assert (model.input_size, model.patch_size) == (model.card.view_side, 8)
    assert model.card.known_words == {"red", "circle", "nuclei"}
    assert model.network.logit_bias is not None
    assert not model.network.training
    assert not any(p.requires_grad for p in model.network.parameters())
    from safetensors.torch import load_file

    saved = load_file(demo_folder / "demo.safetensors")
    assert torch.equal(saved["visual.proj"], model.network.visual.proj)


def test_a_second_call_returns_the_same_model_until_unloaded(demo_folder):
    first = load_model("demo", device="cpu")
    assert load_model("demo", device="cpu") is first
    loading.unload()
    assert load_model("demo", device="cpu") is not first


def test_new_weights_are_another_model(demo_folder, make_clip, save):
    first = load_model("demo", device="cpu")
    save(make_clip(seed=5), demo_folder / "demo.safetensors")
    second = load_model("demo", device="cpu")
    assert second is not first
    assert second.checkpoint_id != first.checkpoint_id
    assert not torch.equal(second.encode(["red"]), first.encode(["red"]))


def test_a_changed_architecture_is_read_again(demo_folder, make_clip, save):
    load_model("demo", device="cpu")
    changed = json.loads((demo_folder / "ovseg-demo.json").read_text())
    changed["vision_cfg"]["patch_size"] = 4
    (demo_folder / "ovseg-demo.json").write_text(json.dumps(changed))
    save(make_clip(patch_size=4), demo_folder / "demo.safetensors")
    assert load_model("demo", device="cpu").patch_size == 4


def test_half_precision_weights_run_in_single_precision(demo_folder, make_clip, save):
    save(make_clip().half(), demo_folder / "demo.safetensors")
    model = load_model("demo", device="cpu")
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}


@pytest.mark.parametrize("wrapped", [False, True], ids=["state dict", "training checkpoint"])
def test_torch_files_are_read_without_pickle(demo_folder, make_clip, tmp_path, wrapped):
    network = make_clip(seed=2)
    state = {f"module.{k}": v for k, v in network.state_dict().items()} if wrapped else network.state_dict()
    torch.save({"state_dict": state, "epoch": 3} if wrapped else state, tmp_path / "w.pt")
    model = load_model("demo", checkpoint=tmp_path / "w.pt", device="cpu")
    assert torch.equal(model.network.visual.proj, network.visual.proj)


def test_a_local_checkpoint_goes_with_an_architecture(demo_folder, make_clip, save, tmp_path):
    load_model("demo", device="cpu")
    path = save(make_clip(seed=7), tmp_path / "own.safetensors")
    model = load_model("ovseg-demo", checkpoint=str(path), device="cpu")
    assert model.card.templates == PHOTO
    assert model.card.checkpoint == str(path)


class Boom:
    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle ran')",))


def broken(path, kind, make_clip, save):
    if kind == "missing":
        return path
    if kind == "folder":
        path.mkdir()
        return path
    save(make_clip(), path)
    content = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "truncated header":
        path.write_bytes(content[:20])
    elif kind == "rubbish":
        path.write_bytes(b"\xff" * 1000)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "pickle":
        path = path.with_suffix(".pt")
        path.write_bytes(pickle.dumps(Boom()))
    elif kind == "torch pickle":
        path = path.with_suffix(".pt")
        torch.save({"state_dict": Boom()}, path)
    elif kind == "no state dict":
        path = path.with_suffix(".pt")
        torch.save([1, 2, 3], path)
    elif kind == "truncated torch":
        path = path.with_suffix(".pt")
        torch.save(make_clip().state_dict(), path)
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "script":
        path = path.with_suffix(".pt")
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "check the path"),
        ("folder", "is a folder"),
        ("truncated", "truncated"),
        ("truncated header", "truncated"),
        ("rubbish", "truncated"),
        ("empty", "truncated"),
        ("pickle", "safetensors"),
        ("torch pickle", "safetensors"),
        ("no state dict", "no CLIP checkpoint"),
        ("truncated torch", "truncated"),
        ("script", "TorchScript"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_says_why(demo_folder, make_clip, save, tmp_path, kind, says):
    path = broken(tmp_path / "w.safetensors", kind, make_clip, save)
    with pytest.raises(ModelError, match=says) as error:
        load_model("demo", checkpoint=path, device="cpu")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not loading._loaded


@pytest.mark.parametrize(
    ("vision", "says"),
    [
        ({"layers": 4}, "unexpected visual.transformer.resblocks.3"),
        ({"layers": 2}, "missing visual.transformer.resblocks.2"),
        ({"patch_size": 4}, r"visual.conv1.weight is \[32, 3, 4, 4\] in place of \[32, 3, 8, 8\]"),
    ],
)
def test_another_architecture_is_named_in_one_sentence(demo_folder, make_clip, save, tmp_path, vision, says):
    path = save(make_clip(**vision), tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=says) as error:
        load_model("demo", checkpoint=path, device="cpu")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_a_missing_bundled_file_says_to_install_again(demo_folder):
    (demo_folder / "demo.safetensors").unlink()
    with pytest.raises(ModelError, match="install"):
        load_model("demo", device="cpu")
    (demo_folder / "ovseg-demo.json").unlink()
    (demo_folder / "demo.safetensors").write_bytes(b"1")
    with pytest.raises(ModelError, match="install"):
        load_model("demo", device="cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:77" if not torch.cuda.is_available() else "cudda", "meta"])
def test_a_device_that_is_not_there_is_an_input_error(demo_folder, device):
    with pytest.raises(InputError, match="cpu"):
        load_model("demo", device=device)


def test_a_hub_name_and_a_local_file_do_not_go_together(tmp_path, make_clip, save):
    path = save(make_clip(), tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="architecture"):
        load_model("hf-hub:a/b", checkpoint=path)


def test_research_licences_are_shown_before_the_weights_are_fetched(monkeypatch):
    def offline(spec, progress):
        raise DownloadError("offline")

    monkeypatch.setattr(fetching, "download", offline)
    monkeypatch.setattr(fetching, "is_cached", lambda spec: False)
    with pytest.warns(UserWarning, match="forbids commercial use: Apple"), pytest.raises(DownloadError):
        load_model("MobileCLIP2-S0/dfndr2b", device="cpu")


def test_a_tag_brings_its_own_normalisation(demo_folder, make_clip, save, tmp_path, monkeypatch):
    """A registered name with a local file: weights from the file, mean and deviation from the tag."""
    load_model("demo", device="cpu")
    spec = ClipCard("tiny/webli", "ovseg-demo", checkpoint="webli")
    monkeypatch.setitem(registry.CLIP_MODELS, spec.name, spec)
    siglip = open_clip.get_pretrained_cfg("ViT-B-16-SigLIP2", "webli")
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda architecture, tag: dict(siglip))
    path = save(make_clip(), tmp_path / "w.safetensors")
    model = load_model("tiny/webli", checkpoint=path, device="cpu")
    white = model.preprocess(torch.ones(8, 8, 3), (32, 32))
    torch.testing.assert_close(white, torch.ones(1, 3, 32, 32))


def test_loading_prints_nothing(demo_folder, capfd):
    load_model("demo", device="cpu")
    assert capfd.readouterr() == ("", "")


def test_the_copy_of_the_folder_gives_the_same_identity(demo_folder, tmp_path):
    model = load_model("demo", device="cpu")
    copy = shutil.copy(demo_folder / "demo.safetensors", tmp_path / "copy.safetensors")
    assert load_model("demo", checkpoint=copy, device="cpu").checkpoint_id == model.checkpoint_id
