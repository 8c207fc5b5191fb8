"""Plain text: chapters as a person sees them, and paragraphs as they were before they were wrapped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices_cli.books.book import InvalidBook
from voices_cli.books.encoding import decode
from voices_cli.books.headings import lone_number, roman_value
from voices_cli.books.plain_text import read_plain_text


def _chapters(text):
    return [(chapter.title, chapter.paragraphs) for chapter in read_plain_text(text, "b").chapters]


def _titles(text):
    return [title for title, _ in _chapters(text)]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("CHAPTER I\nThe Wicket-Gate\n\n\nI spent.\n\nCHAPTER II\n“The Village”\n\n\nUp.",
         ["CHAPTER I. The Wicket-Gate", "CHAPTER II. “The Village”"]),
        ("1\n\nAnthony Cade Signs on\n\n\n“Gentleman Joe!”\n\n2\n\nA Lady in Distress\n\n“So.”",
         ["1. Anthony Cade Signs on", "2. A Lady in Distress"]),
        ("I\n\nThe Nellie swung.\n\nII\n\n“One evening.”\n\nIII\n\nI looked.", ["I", "II", "III"]),
        ("CHAPTER I.\n\nThe Gate.\n\nAlice was.", ["CHAPTER I. The Gate."]),
        ("CHAPTER I\n\nTHE GATE.\n\nAlice was.", ["CHAPTER I. THE GATE."]),
        ("Chapter One\n\nIt was.\n\nChapter Twenty-One\n\nOn.", ["Chapter One", "Chapter Twenty-One"]),
        ("BOOK THE FIRST\n\nRecalled to Life\n\nCHAPTER I\n\nIt was.",
         ["BOOK THE FIRST. Recalled to Life", "CHAPTER I"]),
        ("PART I\n\n1\n\nText.\n\n2\n\nText.\n\nPART II\n\n1\n\nText.",
         ["PART I", "1", "2", "PART II", "1"]),
        ("I. The Hole\n\nText.\n\nII. The Pool\n\nText.", ["I. The Hole", "II. The Pool"]),
        ("PROLOGUE\n\nText.\n\nCHAPTER I\n\nOn.\n\nEPILOGUE\n\nEnd.", ["PROLOGUE", "CHAPTER I", "EPILOGUE"]),
        ("Chapter 1\n\nText.\n\nNO ENTRY\n\nChapter 2\n\nText.", ["Chapter 1", "Chapter 2"]),
        ("Chapter One\nIt was dark, and the rain fell.\n\nMore.", ["Chapter One"]),
        ("* * * 1 * * *\n\nText.\n\n* * * 2 * * *\n\nText.", ["1", "2"]),
        ("Before.\n\nI\n\nAfter.", [None]),
        ("He was born in\n\n1984\n\nand died.", [None]),
        ("“TO ANNE\n\n“When twilight drops her curtain down.”", [None]),
        ("Part of it was good.\n\nPart two of the plan had failed.", [None]),
    ],
)  # fmt: skip
def test_chapters_are_found(text, titles):
    assert _titles(text) == titles


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\nChapter 1\n\nChapter 2\n\nChapter 3",
        "Contents\n\nChapter 1\nChapter 2\nChapter 3",
        "TABLE OF CONTENTS\n\n  Chapter 1. The Gate ... 3\n  Chapter 2. The Hill ... 14\n  Chapter 3   27",
        "Chapter 1\n\nChapter 2\n\nChapter 3",
        "CONTENTS.\n\n   1  The Gate    3\n   2  The Hill   14",
    ],
)
def test_a_list_of_contents_is_no_second_set_of_chapters(contents):
    text = f"{contents}\n\n\nChapter 1\n\nThe Gate\n\nIt was.\n\nChapter 2\n\nOn.\n\nChapter 3\n\nEnd."
    if contents.startswith("CONTENTS."):
        text = text.replace("\n\nChapter ", "\n\n")
    assert [paragraphs for _, paragraphs in _chapters(text)] == [("It was.",), ("On.",), ("End.",)]


GUTENBERG = """The Project Gutenberg eBook of Emma

Title: Emma

Author: Jane Austen

*** START OF {which} PROJECT GUTENBERG EBOOK EMMA ***

Produced by An Anonymous Volunteer

[Illustration: A house
[with trees]]

Transcriber's Note: Spelling was kept.

CHAPTER I

Emma was _very_ clever.[1] She was {{12}}rich.

[Footnote 1: A note.]

{end}

Licence text.
"""


@pytest.mark.parametrize("which", ["THE", "THIS"])
@pytest.mark.parametrize(
    "end",
    [
        "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***",
        "***END OF THIS PROJECT GUTENBERG EBOOK***",
        "End of the Project Gutenberg EBook of Emma, by Jane Austen",
        "End of Project Gutenberg's Emma, by Jane Austen",
    ],
)
def test_what_gutenberg_adds_is_not_read(which, end):
    book = read_plain_text(GUTENBERG.format(which=which, end=end), "b")
    assert (book.title, book.author) == ("Emma", "Jane Austen")
    assert _chapters(GUTENBERG.format(which=which, end=end)) == [
        ("CHAPTER I", ("Emma was very clever. She was rich.",))
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("All the citi-\nzens came.", "All the citizens came."),
        ("A well-\nknown man.", "A well-known man."),
        ("A first-\nclass carriage.", "A first-class carriage."),
        ("In class he was first, a first-\nclass man.", "In class he was first, a first-class man."),
        ("By the wicket-\ngate, the wicket-gate.", "By the wicket-gate, the wicket-gate."),
        ("He went--\nand came.", "He went-- and came."),
        ("The man of Saint-\nDenis.", "The man of Saint-Denis."),
        ("A wrapped\n  line.", "A wrapped line."),
    ],
)
def test_wrapped_lines_are_joined(text, said):
    assert _chapters(text) == [(None, (said,))]


def test_verse_keeps_a_pause_at_its_lines_ends():
    prose = "The lines of this are as long as they can be, and each\ngoes on in the next, as prose does.\n\n"
    text = f"{prose * 3}  Tiger, tiger, burning bright\n  In the forests of the night"
    assert _chapters(text)[0][1][-1] == "Tiger, tiger, burning bright, In the forests of the night"


def test_pages_numbers_vanish_and_what_they_part_is_joined():
    pages = "\n\n".join(f"The line goes on and\n\n{number}\n\nends here. Next." for number in range(12, 18))
    assert _chapters(pages) == [(None, ("The line goes on and ends here. Next.",) * 6)]


def test_paragraphs_without_blank_lines_are_told_by_their_indents_or_lengths():
    indented = "\n".join(f"  Paragraph {number} begins\nand ends." for number in range(20))
    assert len(_chapters(indented)[0][1]) == 20
    assert len(_chapters("\n".join(["word " * 60] * 30))[0][1]) == 30


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings_are_told_by_how_they_look(encoding):
    assert decode("“Café,” he said.".encode(encoding)) == "“Café,” he said."


def test_a_few_wrong_bytes_spoil_nothing_else():
    assert decode("naïve ".encode() + b"caf\xe9") == "naïve café"


@given(st.integers(1, 3999))
def test_roman_numerals_have_their_values(number):
    signs = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"))
    numeral, left = "", number
    for value, sign in (*signs, (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        numeral += sign * (left // value)
        left %= value
    assert roman_value(numeral) == lone_number(numeral) == number


LINES = st.sampled_from(
    [
        "Alpha beta",
        "gamma.",
        "",
        "",
        "Chapter 1",
        "Chapter 2",
        "CONTENTS",
        "I",
        "2",
        "  Indented",
        "THE END",
        "x-",
        "1",
    ]
)


@given(st.lists(LINES, max_size=30))
def test_no_word_of_prose_is_lost(lines):
    text = "\n".join(lines)
    try:
        chapters = _chapters(text)
    except InvalidBook:
        return
    said = " ".join(f"{title or ''} {' '.join(paragraphs)}" for title, paragraphs in chapters)
    if "CONTENTS" not in lines:
        for word in ("Alpha", "gamma", "Indented", "END"):
            assert said.count(word) == text.count(word)


def test_the_first_chapter_keeps_a_heading_that_the_contents_write_otherwise():
    contents = "CONTENTS\n\nI. The Start\nII. The Middle\n\nCHAPTER I\nThe Start"
    titles = _titles(f"{contents}\n\nIt was a dark night.\n\nCHAPTER II\nThe Middle\n\nOn it went.")
    assert titles == ["CHAPTER I. The Start", "CHAPTER II. The Middle"]
