from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from napari_ovseg import Category, sharper_names
from napari_ovseg.categories import format_categories, parse_categories, singular

TABLE = tomllib.loads(
    resources.files("napari_ovseg.wording").joinpath("sharper_names.toml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", TABLE)
def test_every_offer_can_be_typed(name):
    assert singular(name) in TABLE, "the table is looked up in the singular"
    (offer,) = sharper_names(name).values()
    assert parse_categories(format_categories([offer])) == (offer,)
    assert offer.name == name


def test_the_typed_name_stays_and_plurals_are_found():
    offers = sharper_names("People who walk, Persons\ngrass; background: sky")
    assert offers == {"Persons": Category("Persons", ("person with clothes", "people", "human"))}


def test_what_has_synonyms_or_is_typed_elsewhere_is_left_alone():
    assert sharper_names("person: man") == {}
    assert sharper_names("person, people")["person"].synonyms == ("person with clothes", "human")
    together = sharper_names("nucleus, nuclei, bird; background: bird avian, bird with feathers")
    assert "bird" not in together


def test_an_offer_with_a_word_that_is_not_known_is_left_out():
    known = {"cell", "nucleus", "stained", "person", "with", "clothes", "people"}
    assert list(sharper_names("person, nucleus, bird", known)) == ["nucleus"]
    assert list(sharper_names("person, nucleus", known | {"human"})) == ["person", "nucleus"]
    # what is typed elsewhere is not offered, and so need not be known
    assert sharper_names("person, human", known)["person"].synonyms == ("person with clothes", "people")
