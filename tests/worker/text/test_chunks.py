"""Text chunks: short enough, cut where a speaker would pause, nothing lost, nothing twice."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.text.characters import plain_characters
from worker.text.chunks import FIRST_CHUNK_CHARACTERS, MAX_CHUNK_CHARACTERS, split_text
from worker.text.draft import Draft
from worker.text.duration import spoken_length
from worker.text.normalize import clean_text
from worker.text.sentences import Pause
from worker.text.tags import TAG, without_tags

WORDS = st.sampled_from(
    [
        "Hello",
        "there.",
        "Dr.",
        "Smith",
        "3.14",
        "e.g.",
        "[laugh]",
        "[clear throat]",
        "why?",
        "so,",
        "語。",
        "—",
        "end!",
        "p.m.",
        "\n\n",
        "-",
        "#",
        "你好，",
        "مرحبا؟",
        "नमस्ते।",
        "$5",
        "**b**",
        "U.S.",
        "Ph.D.",
        "a@b.com",
        "1,234",
        "…",
        "(well)",
        "“so”",
        "ไทย",
        "😀",
        "1.",
        "[a](http://b.c)",
    ]
)
TEXTS = st.lists(WORDS, max_size=200).map(" ".join) | st.text(max_size=1500)
LETTERS = st.lists(st.text("abcdefg", min_size=1, max_size=9), max_size=300)


def _texts(text, **options):
    return [chunk.text for chunk in split_text(text, **options)]


def _clean(text):
    return clean_text(plain_characters(Draft(text), fold=False).text)


def _letters(text):
    return [character for character in _clean(text) if character.isalnum()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One. Two."]),
        ("A first sentence here. " + "B" * 110 + ".", ["A first sentence here.", "B" * 110 + "."]),
        ("A paragraph.\n\nAnother.", ["A paragraph.", "Another."]),
        ("A line\nthat goes on.", ["A line that goes on."]),
        ("# Heading\nText.", ["Heading.", "Text."]),
        ("- one\n- two", ["one. two."]),
        ("Hello\r\n\r\nthere", ["Hello.", "there."]),
        ("A.\fB.", ["A.", "B."]),
        ("...\n\nWell.", ["Well."]),
        ("你好。再见。", ["你好。再见。"]),
        ("مرحبا؟ نعم۔", ["مرحبا؟ نعم۔"]),
    ],
)
def test_splits_as_a_speaker_would(text, expected):
    assert _texts(text) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "It was Dr. Smith who came.",
        "They left the U.S. Army for good.",
        "He holds a Ph.D. from there.",
        "He left at 5 p.m. on Monday.",
        "At 5 p.m. Monday they left.",
        "It cost 3.14 or more.",
        "We saw J. R. Tolkien there.",
        "It was made by Acme Inc. in Rome.",
        "Wait... what is it?",
        "Look at fig. 3 or p. 4 there!",
        "You may see (e.g. there) more.",
        "Visit example.com or a.b.org now.",
        "That is [clear throat] so.",
        "यह एक वाक्य है।",
        "هل هذا سؤال؟",
        "这是一个3.14句子。",
    ],
)
def test_a_sentence_is_cut_at_its_end_alone(sentence):
    text = " ".join([sentence] * 30)
    chunks = list(split_text(text, normalize=False))
    assert len(chunks) > 1
    ends = range(len(sentence), len(text) + 1, len(sentence) + 1)
    assert all(chunk.end in ends and chunk.pause in {Pause.SENTENCE, Pause.PARAGRAPH} for chunk in chunks)


@pytest.mark.parametrize(
    "text", ["He came at 5 p.m. Then he left.", "It is in D.C. He knows.", "I like pie, etc. The end."]
)
def test_an_abbreviation_ends_a_sentence_where_another_begins(text):
    first, *_ = split_text(text * 1, first_limit=len(text) - 1, normalize=False)
    assert first.text.endswith(".")
    assert first.pause is Pause.SENTENCE


def test_the_first_chunk_is_short():
    text = "This is a sentence of some fifty characters or so. " * 10
    first, *rest = _texts(text.strip())
    assert len(first) <= FIRST_CHUNK_CHARACTERS
    assert max(map(len, rest)) > FIRST_CHUNK_CHARACTERS


def test_a_long_first_sentence_is_cut_at_a_clause():
    text = "When the ship came in at last, " + "and the crowd cheered, " * 12 + "we left."
    first = next(split_text(text))
    assert first.text.endswith(",")
    assert first.pause is Pause.CLAUSE
    assert len(first.text) <= FIRST_CHUNK_CHARACTERS


def test_a_sentence_somewhat_too_long_is_cut_in_halves_and_not_into_a_rest():
    words = "word " * 51 + "end."
    _, *chunks = _texts("First.\n\n" + words)
    assert len(chunks) == 2
    assert min(map(len, chunks)) > 100


def test_scripts_without_spaces_are_split_too():
    text = "今日はとても良い天気です。" * 60
    chunks = _texts(text)
    assert "".join(chunks) == text
    assert all(chunk.endswith("。") for chunk in chunks)


def test_a_word_without_end_is_cut_and_never_before_a_combining_mark():
    assert "".join(_texts("x" * 2000, normalize=False)) == "x" * 2000
    marked = "q\u0323\u0302" * 700
    chunks = _texts(marked)
    assert "".join(chunks) == clean_text(marked)
    assert all(chunk[0] == "q" for chunk in chunks)


def test_what_is_put_into_words_is_never_cut():
    text = "on March 5, 2024 for $1,234,567.89 " * 30
    for chunk in split_text(text):
        assert chunk.text.count("March") == chunk.text.count("twenty twenty-four")
        assert chunk.text.count("million") == chunk.text.count("eighty-nine cents")
        assert text[chunk.start : chunk.end].endswith(("2024", "for", "9", "on"))


def test_the_span_is_that_of_the_requests_text():
    text = "  It cost $5.  \n\n**Dr.** Who?  "
    assert [(text[c.start : c.end], c.text, c.pause) for c in split_text(text)] == [
        ("It cost $5.", "It cost five dollars.", Pause.PARAGRAPH),
        ("**Dr.** Who?", "Doctor Who?", Pause.PARAGRAPH),
    ]


@given(TEXTS)
@pytest.mark.parametrize("normalize", [True, False])
def test_no_chunk_is_too_long_or_silent_and_spans_follow_one_another(normalize, text):
    position = 0
    for chunk in split_text(text, normalize=normalize):
        assert 0 < spoken_length(chunk.text) <= MAX_CHUNK_CHARACTERS + 1
        assert chunk.text == clean_text(chunk.text)
        assert position <= chunk.start <= chunk.end <= len(text)
        if not normalize:
            assert not any(character.isalnum() for character in text[position : chunk.start])
        position = chunk.end
    if not normalize:
        assert not any(character.isalnum() for character in text[position:])


@given(TEXTS)
def test_nothing_is_lost_and_nothing_is_said_twice(text):
    chunks = list(split_text(text, normalize=False))
    assert [letter for chunk in chunks for letter in _letters(chunk.text)] == _letters(text)
    assert [tag for chunk in chunks for tag in TAG.findall(chunk.text)] == TAG.findall(_clean(text))


@given(LETTERS, st.sampled_from([". ", ", ", " ", "\n\n", "! ", "; ", " — ", "\n- ", "... "]))
def test_words_that_need_no_rule_are_all_said_in_order(words, between):
    text = between.join(words)
    said = " ".join(_texts(text))
    assert "".join(_letters(said)) == "".join(words)
    spans = [text[chunk.start : chunk.end] for chunk in split_text(text)]
    assert "".join(_letters(" ".join(spans))) == "".join(words)


@given(st.text("0123456789.,:/-–$€%+x°'\"()[]#*_=<>~^ \nakmgGBpMthsTeE½²", max_size=200))
@example(":²")
@example('!"5')
def test_whatever_figures_and_signs_come_no_digit_is_left(text):
    said = " ".join(_texts(text))
    assert not any(character in "0123456789½²$€%" for character in said)
    if any(character.isdigit() for character in text):
        assert said


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize(
    "unit",
    [
        "This is a sentence with 3 words, or $5. ",
        "no stop at all ",
        "x",
        "7",
        ".",
        ". ",
        '."',
        "\n",
        "- ",
        "[",
        "(",
        "*",
        "a.",
        "1.",
        "1-",
        "http://a",
        "@a",
        "|",
        "今",
        "<",
        "&",
        "😀",
        "1/",
        " ",
        "$1,",
        "_a",
        "`",
        "#",
        "a-",
        "12:",
        "e\u0301",
    ],
)
def test_time_grows_with_the_text_and_not_with_its_square(unit, normalize):
    def seconds(characters):
        text = unit * (characters // len(unit))
        began = time.thread_time()  # whatever else the machine does
        for _ in split_text(text, normalize=normalize):
            pass
        return time.thread_time() - began

    # Rules see a sentence at a time, so that a shorter text shows as much.
    few = 1_000 if normalize else 5_000
    seconds(few)
    # Ten times the text: a square would take a hundred times as long, and so at each attempt.
    assert any(seconds(10 * few) < 40 * max(seconds(few), 0.004) for _ in range(3))


def test_the_first_chunk_of_ten_million_characters_comes_at_once():
    text = "This is a sentence of some fifty characters or so. " * 200_000
    began = time.thread_time()
    next(split_text(text))
    assert time.thread_time() - began < 0.1


def test_tags_are_taken_out_whole():
    assert without_tags("[laugh] Well, [clear throat] yes.") == "Well, yes."


def test_other_words_in_brackets_are_no_tags():
    assert without_tags("They [the others] left [sigh].") == "They [the others] left ."


@given(st.text(st.characters(), max_size=300), st.sampled_from(["en", "de", None]), st.booleans())
def test_whatever_characters_come_an_engine_can_take_what_is_spoken(text, language, normalize):
    for chunk in split_text(text, language=language, normalize=normalize):
        assert chunk.text.encode()
