"""Books of every kind, and files that only claim to be one."""

import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices_cli.books import Book, read_book
from voices_cli.books import epub as epub_module
from voices_cli.books.book import Chapter, InvalidBook
from voices_cli.narration.pieces import PIECE_CHARACTERS, SCENE_SECONDS, pieces

CONTAINER = '<?xml version="1.0"?><container><rootfile full-path="OEBPS/p.opf"/></container>'
PACKAGE = """<?xml version="1.0"?>
<package xmlns:dc="x"><metadata>
<dc:title>Two &amp; Two</dc:title><dc:creator>A. Writer</dc:creator></metadata>
<manifest><item id="c" href="cover.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="one" href="text/one%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="more" href="text/more.xhtml" media-type="application/xhtml+xml"/>
<item id="notes" href="text/notes.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="pic.png" media-type="image/png"/></manifest>
<spine><itemref idref="c"/><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/>
<itemref idref="more"/><itemref idref="notes" linear="no"/><itemref idref="pic"/></spine></package>"""
PAGES = {
    "META-INF/container.xml": CONTAINER,
    "OEBPS/p.opf": PACKAGE,
    "OEBPS/cover.xhtml": "<html><body><img src='x'/></body></html>",
    "OEBPS/nav.xhtml": '<nav><a href="text/one%20a.xhtml">Ignored</a>'
    '<a href="text/two.xhtml#x"><span>Second</span></a></nav>',
    "OEBPS/text/one a.xhtml": "<html><head><title>T</title><style>p{}</style></head><body>"
    "<h1>The<br/>First</h1>"
    "<p>It was <i>dark</i> &mdash; and\n cold.</p><hr/><p>Then day.</p><script>x()</script>"
    "<h2>Sub</h2><p>More.</p></body></html>",
    "OEBPS/text/two.xhtml": "<html><body><p>No heading here.</p></body></html>",
    "OEBPS/text/more.xhtml": "<html><body><div>Still the second.</div></body></html>",
    "OEBPS/text/notes.xhtml": "<html><body><p>A note.</p></body></html>",
    "OEBPS/pic.png": "x",
}


def _epub(path, changes=None, *, without=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in {**PAGES, **(changes or {})}.items():
            if name not in without:
                archive.writestr(name, page)
    return path


class TestEpub:
    def test_chapters_come_in_reading_order_under_their_names(self, tmp_path):
        book = read_book(_epub(tmp_path / "b.epub"))
        assert (book.title, book.author) == ("Two & Two", "A. Writer")
        assert book.chapters == (
            Chapter("The First", ("It was dark — and cold.", "* * *", "Then day.", "Sub", "More.")),
            Chapter("Second", ("No heading here.", "Still the second.")),
        )

    def test_an_epub_2_names_its_chapters_in_an_ncx(self, tmp_path):
        ncx = "<ncx><navMap><navPoint><navLabel><text>Deux</text></navLabel>"
        ncx += "<content src='text/two.xhtml'/></navPoint></navMap></ncx>"
        package = PACKAGE.replace(
            'properties="nav" media-type="application/xhtml+xml"', 'media-type="application/x-dtbncx+xml"'
        )
        book = read_book(_epub(tmp_path / "b.epub", {"OEBPS/nav.xhtml": ncx, "OEBPS/p.opf": package}))
        assert [chapter.title for chapter in book.chapters] == ["The First", "Deux"]

    def test_a_zip_bomb_is_refused_whatever_its_entry_claims(self, tmp_path, monkeypatch):
        monkeypatch.setattr(epub_module, "MOST_PAGE_BYTES", 100_000)
        bomb = "<p>" + "a" * 1_000_000
        with pytest.raises(InvalidBook, match="malicious"):
            read_book(_epub(tmp_path / "b.epub", {"OEBPS/text/two.xhtml": bomb}))

    def test_many_pages_that_are_too_much_together_are_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(epub_module, "MOST_BYTES", 2_500)
        with pytest.raises(InvalidBook, match="malicious"):
            read_book(_epub(tmp_path / "b.epub", {"OEBPS/text/two.xhtml": "<p>" + "a" * 2_000}))

    def test_entities_neither_grow_nor_reach_out(self, tmp_path):
        (tmp_path / "secret").write_text("the secret")
        page = (
            f'<!DOCTYPE x [<!ENTITY a "{"ha" * 50}"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file://{tmp_path}/secret">]>'
            "<html><body><p>Said: &b; &f;</p></body></html>"
        )
        book = read_book(_epub(tmp_path / "b.epub", {"OEBPS/text/two.xhtml": page}))
        text = str(book)
        assert "secret" not in text.replace("&f;", "")
        assert "hahaha" not in "".join(book.chapters[-1].paragraphs[-2:])

    @pytest.mark.parametrize("without", ["META-INF/container.xml", "OEBPS/p.opf"])
    def test_what_is_missing_is_named(self, tmp_path, without):
        with pytest.raises(InvalidBook, match="lacks"):
            read_book(_epub(tmp_path / "b.epub", without=[without]))

    def test_a_locked_book_is_said_to_be_locked(self, tmp_path):
        with pytest.raises(InvalidBook, match="DRM"):
            read_book(_epub(tmp_path / "b.epub", {"META-INF/rights.xml": "<x/>"}))

    def test_no_damaged_file_does_worse_than_being_refused(self, tmp_path):
        whole = _epub(tmp_path / "b.epub").read_bytes()
        chance = random.Random(0)
        for _ in range(150):
            damaged = bytearray(whole[: chance.randrange(1, len(whole))] if chance.random() < 0.3 else whole)
            for _ in range(chance.randrange(1, 20)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            (tmp_path / "d.epub").write_bytes(damaged)
            try:
                read_book(tmp_path / "d.epub")
            except InvalidBook:
                continue


class TestMarkdown:
    def test_headings_make_chapters(self, tmp_path):
        path = tmp_path / "b.md"
        path.write_text(
            "# The Book\n\n## One\n\nFirst *line*\nand second.\n\n### Sub\n\n"
            "```\ncode\n```\n\n## Two ##\n\nEnd.\n"
        )
        assert read_book(path) == Book(
            "The Book",
            None,
            (Chapter("One", ("First line and second.", "Sub")), Chapter("Two", ("End.",))),
        )

    @pytest.mark.parametrize(
        ("text", "paragraphs"),
        [
            ("One[^1] and *two*.[^n]\n\n[^1]: A note.\n    More of it.\n[^n]: Another.", ("One and two.",)),
            ("| Tea | 2 |\n|---|---|\n| Milk | 3 |", ("Tea, 2", "Milk, 3")),
            ("- One\n- Two", ("One", "Two")),
            ("[A link](http://x.y) ![a map](m.png) <b>bold</b> H<sub>2</sub>O", ("A link bold H₂O",)),
            ("<div>\n<p>In HTML.</p>\n<!-- no -->\n</div>", ("In HTML.",)),
            ("~~~~\n```\ncode\n```\n~~~~\n\nText.", ("Text.",)),
            ("    indented code\n\nText.", ("Text.",)),
            ("One\\\nTwo", ("One, Two",)),
            ("> Said.\n\n---\n\nOn.", ("Said.", "* * *", "On.")),
            ("2 < 3 &amp; 4 \\* 5", ("2 < 3 & 4 * 5",)),
        ],
    )
    def test_marks_are_not_text(self, tmp_path, text, paragraphs):
        path = tmp_path / "b.md"
        path.write_text(text)
        assert [chapter.paragraphs for chapter in read_book(path).chapters] == [paragraphs]

    @pytest.mark.parametrize(
        "text",
        [
            "One\n===\n\nText.\n\nTwo\n===\n\nText.",
            "Title\n===\n\nOne\n---\n\nText.\n\nTwo\n---\n\nText.",
            "# Contents\n\n- [One](#one)\n- [Two](#two)\n- [Three](#x)\n\n# One\n\nText.\n\n# Two\n\nText.",
        ],
    )
    def test_every_form_of_heading_makes_chapters(self, tmp_path, text):
        path = tmp_path / "b.md"
        path.write_text(text)
        assert [chapter.title for chapter in read_book(path).chapters] == ["One", "Two"]

    def test_front_matter_tells_title_and_author(self, tmp_path):
        path = tmp_path / "b.md"
        path.write_text('---\ntitle: "Mine"\nauthor: Me\n---\nJust text.\n')
        book = read_book(path)
        assert (book.title, book.author) == ("Mine", "Me")
        assert book.chapters == (Chapter(None, ("Just text.",)),)


class TestPlainText:
    @pytest.mark.parametrize(
        "heading",
        [
            "CHAPTER ONE",
            "Chapter 12",
            "Chapter IV. The End",
            "XII.",
            "Prologue",
            "THE LAST DAY",
            "Kapitel 3: Nacht",
        ],
    )
    def test_what_looks_like_a_heading_is_one(self, tmp_path, heading):
        path = tmp_path / "b.txt"
        path.write_text(f"Before.\n\n{heading}\n\nAfter\nit.\n")
        assert read_book(path).chapters == (Chapter(None, ("Before.",)), Chapter(heading, ("After it.",)))

    @pytest.mark.parametrize(
        "line", ["He said so.", "STOP!", "Chapter one was long, and\nso was two.", "mix", "* * *", "1984"]
    )
    def test_what_does_not_is_none(self, tmp_path, line):
        path = tmp_path / "b.txt"
        path.write_text(f"Before.\n\n{line}\n\nAfter.\n")
        assert [chapter.title for chapter in read_book(path).chapters] == [None]

    def test_gutenbergs_head_is_read(self, tmp_path):
        path = tmp_path / "b.txt"
        path.write_bytes(
            "\ufeffTitle: Emma\r\nAuthor: Jane Austen\r\n\r\nCHAPTER I\r\n\r\nEmma\r\nwas.".encode()
        )
        book = read_book(path)
        assert (book.title, book.author, book.chapters[-1].title) == ("Emma", "Jane Austen", "CHAPTER I")

    def test_old_encodings_and_control_characters_are_survived(self, tmp_path):
        path = tmp_path / "b.txt"
        path.write_bytes(b"It\x92s caf\xe9.\x00\x07")
        assert read_book(path).chapters[0].paragraphs == ("It’s café.",)

    @pytest.mark.parametrize("data", [b"", b" \n\n ", b"* * *\n\n---"])
    def test_a_book_without_text_is_refused(self, tmp_path, data):
        path = tmp_path / "b.txt"
        path.write_bytes(data)
        with pytest.raises(InvalidBook, match="no text"):
            read_book(path)

    def test_another_kind_of_file_is_refused(self, tmp_path):
        for name in ("b.pdf", "missing.txt"):
            with pytest.raises(InvalidBook):
                read_book(tmp_path / name)


WORDS = st.text(st.sampled_from("abc .!?,'’é1\u3002"), min_size=1, max_size=4_000)


class TestPieces:
    @given(st.lists(WORDS, min_size=1, max_size=6))
    def test_the_pieces_are_the_book_and_none_is_too_long(self, paragraphs):
        clean = tuple(each for text in paragraphs if (each := " ".join(text.split())))
        made = list(pieces(Book("T", None, (Chapter("One", clean),))))
        spoken = "".join("".join(each.text.split()) for each in made)
        written = "".join(each for each in ("One", *clean) if any(map(str.isalnum, each)))
        assert spoken == "".join(written.split())
        assert all(0 < len(each.text) <= PIECE_CHARACTERS + 2 for each in made)

    def test_a_long_paragraph_is_cut_at_a_sentence_and_not_behind_a_name(self):
        sentence = "He met Dr. Miller at 3.14 in the town, and J. Smith too. "
        made = list(pieces(Book("T", None, (Chapter(None, (sentence * 60,)),))))
        assert len(made) > 1
        assert all(each.text.startswith("He met") and each.text.endswith("too.") for each in made)

    def test_scenes_are_parted_by_a_longer_pause(self):
        made = list(pieces(Book("T", None, (Chapter(None, ("One.", "* * *", "Two.")),))))
        assert (made[0].text, made[0].pause_seconds) == ("One.", SCENE_SECONDS)
