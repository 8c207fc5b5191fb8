"""Books that were written to do harm: what they cost is bounded, and each is refused by its file's name."""

import itertools
import os
import signal
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from epubs import CONTAINER, contents, make_epub

from voices_cli.books import book as book_module
from voices_cli.books import epub as epub_module
from voices_cli.books import read_book, read_untrusted, reading
from voices_cli.books.book import InvalidBook
from voices_cli.books.headings import undecorated
from voices_cli.books.markdown import read_markdown
from voices_cli.books.page import page_blocks
from voices_cli.books.plain_text import read_plain_text

pytestmark = pytest.mark.slow

TEXTS = {
    "a line without a blank": lambda n: "a" * 10 * n,
    "blanks within a line": lambda n: "a" + " " * 10 * n + "b",
    "marks within a line": lambda n: "a" + " *" * n + "a",
    "marks without blanks": lambda n: "a" + "*" * n + "a",
    "headings": lambda n: "".join(f"Chapter {at % 1_000}\n\nAnd so on.\n\n" for at in range(n)),
    "headings of contents": lambda n: "CONTENTS\n\n" * n,
    "contents again and again": lambda n: "CONTENTS\n\nCHAPTER 1 x\n\nCHAPTER 2 y\n\n" * n,
    "dots in contents": lambda n: "CONTENTS\n\na" + ". " * 5 * n + "b",
    "pages that go on": lambda n: "".join(f"and so\n\n{at}\n\n" for at in range(1, min(n, 9_999))),
    "cut words": lambda n: "ab-\ncd " * n,
    "verse": lambda n: "A b c\n" * n + "\n" + "a line that is longer than those\n" * 5,
    "insets": lambda n: "[Illustration [a] " * n,
    "emphasis": lambda n: "_a" * n,
}
PAGES = {
    "unclosed paragraphs": lambda n: "<p>a" * n,
    "unclosed elements": lambda n: "<div>" * n + "a" + "<b>" * n,
    "elements raised within one another": lambda n: "<sup>" * n + "2" + "</sup>" * n,
    "headings": lambda n: "<h1>Chapter 1</h1>" * n,
    "ids in front of paragraphs": lambda n: (
        "".join(f"<a id=x{at}></a>" for at in range(n)) + "<p>" + "a<br><br>" * n
    ),
    "a class name": lambda n: "<span class='" + "-initial" * n + "!'>a</span>b",
    "class names": lambda n: "<p class='" + "title- " * n + "'>a",
    "a note's target": lambda n: "<p>a<a href='#" + "_foot" * n + "'>1</a>",
    "notes": lambda n: "<p>a" + "<a epub:type=noteref href='#n'>1</a>b<br><br>" * n,
    "lines": lambda n: "<p>" + "A<br>" * n,
    "cells": lambda n: "<table><tr>" + "<td>a" * n,
    "brackets": lambda n: "<p>" + "[ " * n,
}


def _seconds(read, made) -> float:
    began = time.thread_time()  # whatever else the machine does
    read(made)
    return time.thread_time() - began


def _is_linear(read, make) -> bool:
    """Whether ten times the input takes far less than the hundred times that its square would."""
    return any(_seconds(read, make(3_000)) < 40 * max(_seconds(read, make(300)), 0.004) for _ in range(3))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_s_time_grows_with_its_length(kind):
    assert _is_linear(lambda text: _or_refused(read_plain_text, text), TEXTS[kind])


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_s_time_grows_with_its_length(kind):
    assert _is_linear(page_blocks, PAGES[kind])


@pytest.mark.parametrize("unit", ["# a\n\nb\n\n", "[^1]: a\n \n", "> a\n", "- a\n", "**a*", "a|b\n"])
def test_a_markdown_file_s_time_grows_with_its_length(unit):
    assert _is_linear(lambda text: _or_refused(read_markdown, text), lambda n: unit * n)


def test_contents_that_name_one_page_in_many_ways_take_their_number_s_time(tmp_path):
    def read(count):
        nav = contents(*(("p0.xhtml", f"Title {at}") for at in range(count)))
        return read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": "<p>Text.</p>"}, nav=nav))

    assert _is_linear(read, lambda n: n)
    assert len(read(5_000).chapters[0].title) < 500


@pytest.mark.parametrize(
    ("line", "bare"),
    [("* * * 1 * * *", "1"), ("\u3000— IV —\t", "IV"), ("a * b", "a * b"), ("***", ""), ("= ~ x", "x")],
)
def test_a_heading_s_decoration_is_around_it(line, bare):
    assert undecorated(line) == bare


def _or_refused(read, text):
    try:
        return read(text, "name")
    except InvalidBook as error:
        return error


class TestEpub:
    def test_a_page_that_has_thousands_of_names_is_read_once(self, tmp_path):
        names = [
            "".join(each) for each in itertools.product(*zip("pagenumberonea", "PAGENUMBERONEA", strict=True))
        ]
        spine = _spine_of(names[:9_999])
        page = "<h1>One</h1><p>Text.</p>" + "<b></b>" * 2_000
        [chapter] = read_book(_write(tmp_path, spine, {"pagenumberonea": page})).chapters
        assert (chapter.title, chapter.paragraphs) == ("One", ("Text.",))

    def test_a_table_of_contents_that_has_many_names_is_read_once(self, tmp_path, monkeypatch):
        names = ["".join(each) for each in itertools.product("tT", "oO", "cC", "nN")]
        package = _spine_of(["page"]).replace(
            "<item ",
            "".join(
                f'<item id="{name}" href="{name}" media-type="application/x-dtbncx+xml"/>' for name in names
            )
            + "<item ",
        )
        ncx = "<ncx/>" + " " * 10_000
        monkeypatch.setattr(epub_module, "MOST_BYTES", 30_000)
        book = read_book(_write(tmp_path, package, {"page": "<p>Text.</p>", "tocn": ncx}))
        assert book.chapters[0].paragraphs == ("Text.",)

    def test_what_is_beyond_the_longest_book_is_not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(book_module, "MOST_CHARACTERS", 1_000)
        monkeypatch.setattr(epub_module, "MOST_PAGE_BYTES", 10_000)
        pages = {"p0.xhtml": "<p>" + "a" * 2_000, "p1.xhtml": "<p>" + "a" * 20_000}
        with pytest.raises(InvalidBook, match=r"b\.epub: The book has more than 1,000 characters"):
            read_book(make_epub(tmp_path / "b.epub", pages, nav=contents(("p0.xhtml", "One"))))

    def test_too_many_pages_are_refused(self, tmp_path):
        with pytest.raises(InvalidBook, match=r"b\.epub: The EPUB has more than 10,000 pages"):
            read_book(_write(tmp_path, _spine_of(["page"] * 10_001), {"page": "x"}))

    def test_thousands_of_faults_are_told_in_few_words(self, tmp_path):
        package = _spine_of(["page", *(f"missing{at}" for at in range(5_000))])
        package = package.replace("</spine>", f'<itemref idref="{"x" * 100_000}"/></spine>')
        book = read_book(_write(tmp_path, package, {"page": "<p>Text.</p>"}))
        assert len(book.warnings) < 100
        assert sum(map(len, book.warnings)) < 10_000

    def test_elements_within_one_another_are_read_however_deep(self, tmp_path):
        package = "<x>" * 20_000 + _spine_of(["page"]) + "</x>" * 20_000
        nav = {"page": "<div>" * 20_000 + "<p>Text.</p>"}
        assert read_book(_write(tmp_path, package, nav)).chapters[0].paragraphs == ("Text.",)


def _spine_of(names) -> str:
    items = "".join(
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml"/>'
        for at, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="i{at}"/>' for at in range(len(names)))
    return f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>"


def _write(tmp_path, package, pages):
    path = tmp_path / "b.epub"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/p.opf", package)
        for name, page in pages.items():
            archive.writestr(f"OEBPS/{name}", page)
    return path


def _kill_reader_of(path):
    """Kill the process that was told to read a file, as soon as there is one."""
    while True:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(path).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
                    return
        time.sleep(0.05)


class TestInAProcessOfItsOwn:
    def test_a_book_is_the_same_as_when_read_here(self, tmp_path):
        pages = {"p0.xhtml": "<h1>Één</h1><p>“Yes.”</p><hr/><p>No.</p>", "p1.xhtml": "<h1>Two</h1><p>So.</p>"}
        path = make_epub(tmp_path / "b.epub", pages)
        assert read_untrusted(path) == read_book(path)
        assert read_untrusted(path).warnings

    @pytest.mark.parametrize(
        ("name", "data"), [("b.txt", b" "), ("b.epub", b"no zip"), ("b.pdf", b"x"), ("none/b.txt", None)]
    )
    def test_a_refusal_is_the_same_and_names_the_file(self, tmp_path, name, data):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        for read in (read_book, read_untrusted):
            with pytest.raises(InvalidBook, match=name) as refused:
                read(tmp_path / name)
            assert refused.value.field == "book"

    def test_what_takes_a_parser_too_long_is_refused(self, tmp_path):
        path = tmp_path / "b.md"
        path.write_text("|a" * 60_000 + "\n" + "|-" * 60_000 + "\n" + "|a\n" * 60_000)
        with pytest.raises(InvalidBook, match=r"b\.md: The file takes too much time or memory"):
            read_untrusted(path, processor_seconds=1)

    def test_what_takes_too_much_memory_is_refused(self, tmp_path, monkeypatch):
        path = tmp_path / "b.txt"
        path.write_text("a\n\n" * 1_000_000)
        monkeypatch.setattr(reading, "MEMORY_BYTES", 100 << 20)
        with pytest.raises(InvalidBook, match=r"b\.txt: The file takes too much time or memory"):
            read_untrusted(path)

    def test_a_process_that_is_ended_from_outside_is_not_the_book_s_fault(self, tmp_path):
        path = tmp_path / "b.txt"
        os.mkfifo(path)  # reading waits for a writer
        killing = threading.Thread(target=_kill_reader_of, args=(path,))
        killing.start()
        with pytest.raises(OSError, match="exited with -9"):
            read_untrusted(path)
        killing.join()
