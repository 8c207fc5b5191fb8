"""Blocks in which a model thinks, told from the text around them, wherever it is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatterpod.thoughts import Thoughts as ClientsThoughts
from worker.text.chunks import split_text
from worker.text.thoughts import MARKS, NAMES, Thoughts

PARTS = st.lists(
    st.sampled_from(
        (
            *("<think>", "</think>", "<Thinking>", "</thinking>", "<reasoning>", "</reasoning>", "<", "<th"),
            *("</t", "`", "`<think>`", "Hello. ", "a<b", "think>", "\n", "😀", "<thinker>", "</think >", "İ"),
        )
    ),
    max_size=12,
)


def _told(pieces):
    thoughts = Thoughts(1_000)
    runs = [run for piece in pieces for run in thoughts.feed(piece)] + list(thoughts.end())
    text = "".join(run.text for run in runs)
    return text, sum(run.length for run in runs), [run.length for run in runs if not run.is_whole], runs


def _expected(text):
    """The text without its blocks, and how long one is that has no end."""
    pattern, kept = re.compile(rf"(?<!`)<({'|'.join(NAMES)})>", re.IGNORECASE), ""
    while opening := pattern.search(text):
        kept += text[: opening.start()]
        end = re.compile(f"</{opening[1]}>", re.IGNORECASE).search(text, opening.end())
        if end is None:
            rest = text[opening.start() :]
            return (kept + rest, []) if any(map(str.isalnum, kept)) else (kept, [len(rest)])
        text = text[end.end() :]
    return kept + text, []


@given(PARTS, st.data())
def test_wherever_it_is_cut_the_same_is_text(parts, data):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    kept, length, unclosed, runs = _told(pieces)
    assert length == len(text)
    assert (kept, unclosed) == _expected(text) == _told(list(text))[:3:2]
    assert all(run.length == len(run.text) for run in runs if run.text)


@given(PARTS)
def test_the_client_leaves_out_the_same(parts):
    thoughts = ClientsThoughts()
    runs = [run for piece in parts for run in thoughts.feed(piece)] + list(thoughts.end())
    assert "".join(run.text for run in runs if not run.is_thought) == _told(parts)[0]


@pytest.mark.parametrize(("begin", "end"), [*((f"<{name}>", f"</{name}>") for name in NAMES), *MARKS.items()])
def test_every_name_of_a_block_is_known_everywhere(begin, end):
    thoughts = ClientsThoughts()
    assert [run.is_thought for run in thoughts.feed(f"{begin}Hm.{end}")] == [True]
    assert _told([f"{begin}Hm.{end}"])[0] == ""
    for text in (f"{begin}Hm.{end}Hello.", f"Hm.{end}Hello.", f"Hello. {begin}Hm.{end}"):
        assert [chunk.text for chunk in split_text(text)] == ["Hello."]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<think>The user greets me. I greet.</think>Hello.", "Hello."),
        ("Say `<think>` twice.", "Say `<think>` twice."),
        ("a < b, and <thin> too", "a < b, and <thin> too"),
        ("</think>Hello.", "</think>Hello."),
        ("<think></think>Hello.<think>x</think>", "Hello."),
        ("<think>I was cut o", ""),
        ("Write <think> first. Then the rest.", "Write <think> first. Then the rest."),
        ("[THINK]Hm.[/THINK]Hello.", "Hello."),
        ("\u25c1think\u25b7Hm.\u25c1/think\u25b7Hello.", "Hello."),
        ("[thin] [ink] Hello [", "[thin] [ink] Hello ["),
    ],
)
def test_blocks_of_every_kind(text, kept):
    assert _told([text])[0] == kept == _told(list(text))[0]


def test_a_long_thought_is_not_kept():
    thoughts = Thoughts(1_000)
    list(thoughts.feed("<think>"))
    for _ in range(100_000):
        assert list(thoughts.feed("thought ")) == []
    assert len(thoughts._held) < 20
    assert next(iter(thoughts.end())).length == 800_007
    list(thoughts.feed("Say: <think>"))
    for _ in range(1_000):
        assert list(thoughts.feed("thought ")) == []
    assert thoughts._kept == []
