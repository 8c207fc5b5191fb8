r"""How awkward texts are spoken: tables, each line a text, a tab and its spoken form.

In a table ``\\n`` is a line's end, and `` | `` stands between text chunks.
"""

from pathlib import Path

import pytest

from worker.text.chunks import MAX_CHUNK_CHARACTERS, split_text
from worker.text.normalize import clean_text
from worker.text.tags import TAG

TABLES = sorted(Path(__file__).parent.glob("*.tsv"))
AWKWARD = [
    tuple(line.replace("\\n", "\n").split("\t"))
    for table in TABLES
    for line in table.read_text("utf-8").splitlines()
    if "\t" in line
]


def _spoken(text, **options):
    return " | ".join(chunk.text for chunk in split_text(text, **options))


def test_there_are_three_hundred():
    assert len({text for text, _ in AWKWARD}) >= 300


@pytest.mark.parametrize(("text", "spoken"), AWKWARD)
def test_an_awkward_text_is_spoken_as_a_reader_would(text, spoken):
    assert _spoken(text) == spoken


@pytest.mark.parametrize(("text", "spoken"), AWKWARD)
def test_what_has_been_put_into_words_stays_as_it_is(text, spoken):
    assert _spoken(spoken.replace(" | ", "\n\n"), first_limit=MAX_CHUNK_CHARACTERS) == spoken


@pytest.mark.parametrize(("text", "_"), AWKWARD)
def test_without_normalisation_a_text_is_left_alone(text, _):
    as_written = " ".join(chunk.text for chunk in split_text(text, normalize=False))
    paragraphs = [each for each in text.split("\n\n") if any(map(str.isalnum, each))]
    assert as_written == clean_text(" ".join(paragraphs))


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("On 3/5/2024.", "en", "On March fifth, twenty twenty-four."),
        ("On 3/5/2024.", "en-US", "On March fifth, twenty twenty-four."),
        ("On 3/5/2024.", "en-GB", "On May third, twenty twenty-four."),
        ("On 3/25/2024.", "en-GB", "On March twenty-fifth, twenty twenty-four."),
        ("Am 3.5.2024 um 14:30 Uhr für 5 €.", "de", "Am 3.5.2024 um 14:30 Uhr für 5 €."),
        ("**Fett** 😀 und `Code` 5.", "de", "Fett und Code 5."),
        ("Il coûte 5 € [laugh] !", "fr-FR", "Il coûte 5 € [laugh] !"),
        ("Das kostet $5.", "zh", "Das kostet $5."),
    ],
)
def test_a_language_keeps_its_own_figures(text, language, spoken):
    assert _spoken(text, language=language) == spoken


@pytest.mark.parametrize("text", [text for text, _ in AWKWARD if TAG.search(text)])
@pytest.mark.parametrize("options", [{}, {"normalize": False}, {"language": "de"}])
def test_tags_are_kept_whole(text, options):
    assert TAG.findall(_spoken(text, **options)) == TAG.findall(text)


API_TABLE = [
    line.strip("| \n").split(" | ")
    for line in (Path(__file__).parents[3] / "docs" / "API.md").read_text("utf-8").splitlines()
    if line.startswith("| `") and line.count("|") == 3 and line.rstrip("| ").endswith((".", "!"))
]


@pytest.mark.parametrize(("written", "spoken"), API_TABLE)
def test_api_md_tells_the_truth(written, spoken):
    said = " ".join(chunk.text for chunk in split_text(written.strip("`")))
    assert said == spoken.replace(" |", "")
