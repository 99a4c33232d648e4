from __future__ import annotations

import subprocess
import sys

import open_clip
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.registry import CLIP_MODELS, DEFAULT, find_clip, research_licence
from napari_ovseg.models.registry import offers


def test_the_default_and_the_bundled_model_are_listed():
    assert find_clip(DEFAULT).architecture == "ViT-B-16-quickgelu"
    assert find_clip("demo").megabytes <= 12
    assert [name for name in offers() if name != "photos"] == list(CLIP_MODELS)


@pytest.mark.parametrize(
    "spec", [s for s in CLIP_MODELS.values() if s.repository is None and s.name != "demo"]
)
def test_what_is_listed_is_what_open_clip_has(spec: ClipCard):
    settings = open_clip.get_pretrained_cfg(spec.architecture, spec.checkpoint)
    architecture = open_clip.get_model_config(spec.architecture)
    assert spec.name == f"{spec.architecture}/{spec.checkpoint}"
    assert settings["hf_hub"] == spec.hub
    assert settings.get("quick_gelu", False) == architecture.get("quick_gelu", False)
    assert architecture["vision_cfg"]["image_size"] == spec.input_size
    assert architecture["text_cfg"].get("hf_tokenizer_name", "") == spec.text_repository
    assert spec.megabytes > 0


def test_every_template_has_a_place_for_the_name():
    assert all(
        1 <= len(s.templates) <= 7 and all("{}" in t for t in s.templates) for s in CLIP_MODELS.values()
    )


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (DEFAULT, "cam"),
        ("ViT-B-16/laion2b_s34b_b88k", "cam"),
        ("ViT-B-16/laion400m_e32", "cam"),
        ("ViT-L-14-quickgelu/openai", "explain"),
        ("ViT-B-32/laion2b_s34b_b79k", "explain"),
        ("ViT-B-16-SigLIP2/webli", "explain"),
        ("hf-hub:wisdomik/QuiltNet-B-16", "explain"),
        ("demo", "maskclip"),
    ],
)
def test_the_default_method_follows_what_was_published_of_the_family(name, method):
    assert find_clip(name).method == method


def test_only_research_licences_are_marked():
    restricted = {spec.architecture for spec in CLIP_MODELS.values() if not spec.commercial}
    assert restricted == {"MobileCLIP2-B", "MobileCLIP2-S0"}
    assert all((research_licence(spec.name) is None) is spec.commercial for spec in CLIP_MODELS.values())


@pytest.mark.parametrize(
    "name",
    [
        "ViT-B-16-quickgelu/metaclip_400m",
        "ViT-B-16-quickgelu/dfn2b",
        "MobileCLIP-B/datacompdr_lt",
        "hf-hub:apple/MobileCLIP-S2-OpenCLIP",
        "hf-hub:visheratin/nllb-siglip-mrl-base",
        "nllb-clip-base-siglip/v1",
    ],
)
def test_research_licences_of_other_names_are_known_too(name):
    spec = find_clip(name)
    assert not spec.commercial
    assert spec.licence == research_licence(name)


def test_other_open_clip_names_work():
    spec = find_clip("ViT-B-32/laion2b_s34b_b79k")
    assert (spec.architecture, spec.checkpoint) == ("ViT-B-32", "laion2b_s34b_b79k")
    assert spec.hub == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K/"
    assert find_clip("hf-hub:someone/something").repository == "someone/something"
    assert find_clip("ViT-B-16", checkpoint="w.safetensors").checkpoint == "w.safetensors"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ViT-B16-quickgelu/openai", "ViT-B-16-quickgelu/openai"),
        ("Demo!", "demo"),
        ("ViT-B-16", "choose one of ViT-B-16/openai"),
        ("ViT-B-16/nothing", 'no weights "nothing"'),
        ("ViT-B-16/openai", 'use "ViT-B-16-quickgelu/openai"'),
        ("ViT-B-16-quickgelu/laion2b_s34b_b88k", "choose one of"),
        ("EVA02-B-16/merged2b_s8b_b131k", "patch by patch"),
        ("hf-hub:nothing", "ORGANISATION/REPOSITORY"),
        ("hf-hub:a//b", "ORGANISATION/REPOSITORY"),
        ("weights.safetensors", 'load_model("ViT-B-16", checkpoint='),
        ("", "models list"),
    ],
)
def test_wrong_names_say_how_to_mend_them(name, says):
    with pytest.raises(InputError) as error:
        find_clip(name)
    assert says in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_model_or_an_input_error(name):
    try:
        spec = find_clip(name)
    except InputError:
        return
    assert spec.name == name.strip()


def test_listing_models_and_what_is_cached_imports_no_torch():
    code = (
        "import sys; from napari_ovseg.models.registry import find_model, offers;"
        "[one.is_here() for one in offers().values()]; find_model('demo'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
