"""Markup and characters that are dealt with before sentences are found; every place stays known."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.text.chunks import split_text
from worker.text.draft import Draft, Edit
from worker.text.latex import plain_mathematics
from worker.text.markup import PICTURED_SIGNS
from worker.text.normalize import clean_text
from worker.text.prepared import complete, prepared_sentences

MARKS = [
    *("<b>", "</b>", "<p>", "<br/>", "<li>", '<a href="x.y. z">', "</a>", "<say-as interpret-as='digits'>"),
    *(
        "<!-- a. b -->",
        "<!--",
        "-->",
        "<think>",
        "</think>",
        "<style>",
        "</style>",
        "<?xml a?>",
        "<b and c>d",
    ),
    *("&amp;amp;", "&lt;", "&", "$x^2$", "$$", "$", "$5", "\\(", "\\)", "\\frac{1}{2}", "\\", "`", "```\n"),
    *("[a](b)", "[a][1]", "\n[1]: /b\n", "[", "]", "](", "| a | b |\n", "|-|-|\n", "\n", "\n\n", "[laugh]"),
    *(
        "\u00ad",
        "\u200d",
        "\x1b[0m",
        "\x92",
        "ﬁ",
        "①",
        "𝟏𝟐",
        "e\u0301",
        "citi-\nzens",
        "H₂O",
        "x²",
        "√2",
        "→",
    ),
    *("word", "Two.", "Three!", " ", " ", " ", "今日は。", "می\u200cخواهم", "<x", "a<b", "List<String>"),
]
TEXTS = st.lists(st.sampled_from(MARKS), max_size=60).map("".join)


@given(TEXTS, st.booleans())
def test_spans_follow_one_another_within_the_text(text, normalize):
    position = 0
    for chunk in split_text(text, normalize=normalize):
        assert position <= chunk.start <= chunk.end <= len(text)
        assert chunk.text == clean_text(chunk.text)
        position = chunk.end


@given(
    st.lists(
        st.sampled_from(["one", "two.", "three!", "<b>", "</b>", "<br>", "&amp;", "<!-- x. -->", "\u00ad"])
    )
)
def test_no_word_between_marks_is_lost_or_said_twice(parts):
    said = " ".join(chunk.text for chunk in split_text(" ".join(parts)))
    words = [part.strip(".!") for part in parts if part[0].isalpha()]
    assert [word.strip(".!") for word in said.split() if word.strip(".!") in {"one", "two", "three"}] == words


@given(TEXTS)
def test_what_is_complete_stays_complete_while_the_text_goes_on(text):
    done = complete(text)
    assert 0 <= done <= len(text)
    assert done <= complete(text + " Then it goes on. And") or "</think>" in text


@given(st.text("ab\n <&", max_size=40), st.data())
def test_each_character_of_a_draft_knows_its_place(text, data):
    draft = Draft(text, 7)
    for _ in range(2):
        cuts = sorted(data.draw(st.sets(st.integers(0, len(draft.text)), max_size=6)))
        edits = [
            Edit(start, end, data.draw(st.sampled_from(["", "x", "long"])))
            for start, end in zip(cuts[::2], cuts[1::2], strict=False)
        ]
        draft = draft.edited(edits)
    places = [(draft.start(at), draft.end(at + 1)) for at in range(len(draft.text))]
    assert all(7 <= start <= end <= 7 + len(text) for start, end in places)
    assert places == sorted(places)
    for character, (start, end) in zip(draft.text, places, strict=True):
        assert character in "xlong" or text[start - 7 : end - 7] == character


def test_a_chunk_that_folding_made_has_the_span_of_what_was_written():
    text = "The o\ufb03ce. <b>Wonder\u00adful</b> $x^2$ news &amp; more."
    (chunk,) = split_text(text)
    assert chunk.text == "The office. Wonderful x squared news and more."
    assert (chunk.start, chunk.end) == (0, len(text))
    first, second = split_text("<p>A\u00adb.</p><p>C &lt; d</p>")
    assert ((first.start, first.end), (second.start, second.end)) == ((3, 7), (14, 22))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Hello there. <think>I sh", "Hello there. "),
        ("Hello there. <think>I should. Yes.", "Hello there. "),
        ("<think>I should. Yes.</think>Hello there. No", "<think>I should. Yes.</think>Hello there. "),
        ('One. Two <say-as interpret-as="a. b', "One. "),
        ("One. Two <!-- a. b", "One. "),
        ("One. If a<b and c. Then", "One. If a<b and c. "),
        ("One. Two", "One. "),
        ("One.", ""),
    ],
)
def test_markup_that_has_not_ended_is_waited_for(text, part):
    assert text[: complete(text)] == part


@pytest.mark.parametrize(
    "text", ["<think>Hm. So.", "<think>Hm.</think>", "Hm.</think>", "<style>a{b}</style>"]
)
def test_thoughts_and_styles_alone_are_not_spoken(text):
    assert not list(split_text(text))


def test_a_long_text_is_read_as_a_short_one_is():
    sentence = "It is <b>so</b>, [see. And](http://x.y/z) $x^2$ <!-- a. b --> &amp; then some. "
    (once,) = (chunk.text for chunk in split_text(sentence, first_limit=250))
    said = " ".join(chunk.text for chunk in split_text(sentence * 800))
    assert said == " ".join([once] * 800)
    hidden = f"One. <think>{sentence * 800}</think>Two."
    assert [chunk.text for chunk in split_text(hidden)] == ["One. Two."]


def test_without_normalisation_markup_stays():
    text = "<b>a\u00adb</b> &amp; $x^2$ ﬁ <think>c</think>"
    (chunk,) = split_text(text, normalize=False)
    assert chunk.text == "<b>ab</b> &amp; $x^2$ ﬁ <think>c</think>"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("$\\frac{7}{10}$ <b>und</b> Tom &amp; x ♯ 😀.", "7⁄10 und Tom & x."),
        ("Das H₂O &lt; 5.", "Das H₂O < 5."),
    ],
)
def test_other_languages_lose_markup_alone(text, spoken):
    assert [chunk.text for chunk in split_text(text, language="de")] == [spoken]


@pytest.mark.parametrize("sign", [each for each in PICTURED_SIGNS if each not in "▲▼-"])
def test_every_sign_that_looks_like_a_picture_is_a_word(sign):
    (chunk,) = split_text(f"one {sign} two")
    assert len(chunk.text.split()) > 2


@given(st.text("\\{}^_$&~ab12+-=()[]' \nfracsqrt", max_size=80))
def test_mathematics_of_any_form_is_read(latex):
    assert not set("{}\\$") & set(plain_mathematics(latex)) - set(latex)


UNITS = [
    *(
        "<",
        "<a",
        "<a b='",
        "<a b=' '",
        " b=' <a b=' ",
        "</a",
        "<b>",
        "<x1>",
        "<!--",
        "<!DOCTYPE [",
        "<![CDATA[",
    ),
    *(
        "<?x ",
        "<think>",
        "</think>",
        "<style>",
        "<a b c d ",
        "<sub alias='",
        "<q>",
        "<td>",
        "<p>a",
        "&",
        "&amp;",
    ),
    *(
        "$",
        "$$",
        "$x",
        "\\(",
        "\\[",
        "\\frac{",
        "{",
        "\\begin{align}",
        "\\",
        "`",
        "``x`",
        "[",
        "]",
        "[](",
        "[a](b",
    ),
    *(
        "[a][",
        "[a]: b\n",
        "[[",
        "|",
        "| ",
        "|-",
        "| a |\n",
        "---|\n",
        "-",
        "-x",
        "\n",
        " ",
        "\t",
        "> ",
        "#",
        "**",
    ),
    *("_a", "\u00ad", "\u200d", "\x1b[", "①", "a-\n", "H₂", "x^(", "^(a", "√", ":-", "=", "a=b "),
]


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_takes_long(unit):
    drawn = random.Random(unit)
    text = (
        drawn.choice(["", "Hello. ", "| ", '<a b="'])
        + unit * (3_000 // len(unit))
        + drawn.choice(["", "x", ">", "]"])
    )
    began = time.process_time()
    for _ in split_text(text):
        pass
    complete(text)
    # A generous bound: the slowest of these takes a tenth of it.
    assert time.process_time() - began < 3_000 * 1e-3


def test_a_line_of_dashes_with_a_letter_behind_it_is_no_riddle():
    assert list(split_text("Hello. " + 90 * "-" + "x"))
    assert list(split_text("Hello.\n" + 400 * "- " + "x"))


def test_sentences_come_while_the_text_is_read():
    text = "This is <b>a</b> sentence of some fifty characters or so. " * 20_000
    began = time.process_time()
    next(prepared_sentences(text, normalize=True))
    assert time.process_time() - began < 1
