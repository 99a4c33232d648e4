from napari_ovseg.demo.phrases import COLOURS, HELD_OUT, INDEX, PARTICLES, SHAPES, VOCABULARY, Phrase


def test_text_is_read_as_a_person_would_say_it() -> None:
    assert Phrase("red", "striped", "circle").text == "red striped circle"
    assert Phrase(kind="nuclei").text == "nuclei"


def test_a_description_says_every_part_of_itself_and_nothing_else() -> None:
    thing = Phrase("red", "striped", "circle")
    true = {phrase.text for phrase in VOCABULARY if thing.says(phrase)}
    assert true == {
        "red",
        "striped",
        "circle",
        "red striped",
        "red circle",
        "striped circle",
        "red striped circle",
    }


def test_the_vocabulary_has_no_phrase_twice() -> None:
    assert len(INDEX) == len(VOCABULARY) == len({phrase.text for phrase in VOCABULARY})


def test_every_word_of_a_held_out_pair_is_seen_in_other_pairs() -> None:
    for colour, kind in HELD_OUT:
        assert colour in COLOURS
        assert kind in (*SHAPES, *PARTICLES)
        assert any(p.colour == colour and p.kind and not p.held_out for p in VOCABULARY)
        assert any(p.kind == kind and p.colour and not p.held_out for p in VOCABULARY)
