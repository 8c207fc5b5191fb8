"""What of an EPUB's pages is read aloud, and where its chapters begin."""

import pytest
from epubs import contents, make_epub
from hypothesis import given
from hypothesis import strategies as st

from voices_cli.books import read_book
from voices_cli.books.book import InvalidBook
from voices_cli.books.page import page_blocks
from voices_cli.narration.pieces import pieces


def _texts(page):
    return [block.text for block in page_blocks(page)]


def _chapters(book):
    return [(chapter.title, chapter.paragraphs) for chapter in book.chapters]


@pytest.mark.parametrize(
    "page",
    [
        "<p>He <![x]>left.</p><p>So</p>",
        "<p>He <![if !vml]>left.<![endif]></p><p>So</p>",
        "<p>He <![!>left.</p><p>So</p>",
        "<p>He <!-- a note -->left.</p><!--<p>So</p>",
        "<p>He left.</p><![CDATA[<p>So</p>",
        "<p>He <![CDATA[is]]>left.</p><p>So</p><![x",
    ],
)
def test_a_section_that_is_not_known_or_never_ended_costs_no_word(page):
    assert _texts(page)[:2] == ["He left.", "So"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('He left.<a epub:type="noteref" href="#n">1</a> So', "He left. So"),
        ('He left.<a role="doc-noteref" href="n.xhtml#n">1</a> So', "He left. So"),
        ('He left.<sup><a href="#fn1">1</a></sup> So', "He left. So"),
        ('He left.<a href="#fn1"><sup>12</sup></a> So', "He left. So"),
        ('He left.<sup><a href="#fn1">*</a></sup> So', "He left. So"),
        ('He left.<a class="fnanchor" href="#f">[1]</a> So', "He left. So"),
        ('He left.[<a href="#f">1</a>] So', "He left. So"),
        ('He left.<a href="#_ftn3">3</a> So', "He left. So"),
        ('He left.<span style="vertical-align: super"><a href="#x">1</a></span> So', "He left. So"),
        ("He left.<sup>[2]</sup> So<sup>†</sup>", "He left. So"),
        ('see chapter <a href="#ch2">2</a>.', "see chapter 2."),
        ('on page <a href="#p12">12</a>', "on page 12"),
        ('One <span epub:type="pagebreak" id="p2">2</span>day', "One day"),
        ('One <span role="doc-pagebreak">2</span>day', "One day"),
        ('One <span class="pagenum">[Pg 2]</span>day', "One day"),
        ('One <a id="page_2"/>day', "One day"),
        ("10<sup>6</sup> and 10<sup>-3</sup>", "10⁶ and 10⁻³"),
        ("the 21<sup>st</sup>, the 1<sup>er</sup>, M<sup>r</sup>", "the 21st, the 1er, Mr"),
        ("H<sub>2</sub>O, m<sup>2</sup>, v<sub>max</sub>", "H₂O, m², v max"),
        ("<sup>1</sup>/<sub>2</sub> cup", "1/2 cup"),
        ("<span hidden>no</span>yes", "yes"),
        ('<span style="color:red; display:none">no</span>yes', "yes"),
        ('<span aria-hidden="true">no</span>yes', "yes"),
        ('<img alt="T"/>he gate', "The gate"),
        ('<img src="t.png" alt="Drop cap T"/>he gate', "The gate"),
        ('<img alt="I"/>t was', "It was"),
        ('<span class="dropcap">T</span>HE gate', "THE gate"),
        ('<span class="drop-cap">T</span> he gate', "The gate"),
        ('<span class="dropcap">A</span> man', "A man"),
        ('<img alt="A map of the island"/>The sea', "The sea"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字", "漢字"),
        ('<math alttext="x squared"><mi>x</mi></math>', "x squared"),
        ("Roses are red<br/>Violets are blue,<br/>and so", "Roses are red, Violets are blue, and so"),
    ],
)
def test_an_element_is_read_by_its_meaning(page, said):
    assert _texts(f"<p>{page}</p>") == [said]


@pytest.mark.parametrize(
    "block",
    [
        '<aside epub:type="footnote" id="n"><p>1. A note.</p></aside>',
        '<section epub:type="endnotes"><h2>Notes</h2><ol><li>A note.</li></ol></section>',
        '<section role="doc-endnotes"><p>A note.</p></section>',
        '<div class="footnotes"><p>A note.</p></div>',
        '<nav epub:type="page-list"><a href="#p1">1</a></nav>',
        "<div hidden=''><p>Hidden.</p></div>",
        "<svg><text>Drawn.</text></svg>",
        "<pre><code>x = 1</code></pre>",
    ],
)
def test_what_is_beside_the_text_is_left_out(block):
    assert _texts(f"<p>One.</p>{block}<p>Two.</p>") == ["One.", "Two."]


def test_tables_lists_and_a_first_letter_in_a_block_of_its_own():
    page = "<table><tr><td>Tea</td><td>2 cups</td></tr></table><ul><li>One<li>Two</ul>"
    assert _texts(page) == ["Tea, 2 cups", "One", "Two"]
    assert _texts('<div><img alt="T"/></div><p>he gate.</p>') == ["The gate."]
    assert _texts('<p class="dropcap"><img alt="I"/></p><p>t was.</p>') == ["It was."]


def test_notes_are_known_by_the_marks_that_lead_to_them(tmp_path):
    pages = {
        "p0.xhtml": '<h1>One</h1><p id="r1">Said.<sup><a href="p1.xhtml#n1">1</a></sup></p>',
        "p1.xhtml": '<p id="n1"><a href="p0.xhtml#r1">1</a> A note.</p><p id="n9">Not one.</p>',
    }
    book = read_book(make_epub(tmp_path / "b.epub", pages))
    assert _chapters(book) == [("One", ("Said.", "Not one."))]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("latin-1", '<?xml version="1.0" encoding="ISO-8859-1"?><html>'),
        ("cp1252", '<html><meta charset="windows-1252">'),
        ("cp1251", '<html><meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
        ("utf-16", '<?xml version="1.0" encoding="utf-16"?><html>'),
        ("utf-16-le", "<html>"),
        ("utf-8-sig", '<?xml version="1.0" encoding="latin-1"?><html>'),
        ("utf-8", '<?xml version="1.0" encoding="zlib"?><html>'),
    ],
)
def test_the_declared_encoding_holds(tmp_path, encoding, declared):
    word = "Привет" if encoding == "cp1251" else "café"
    page = f"{declared}<body><p>{word}</p></body></html>".encode(encoding)
    assert read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": page})).chapters[0].paragraphs == (word,)


class TestChapters:
    def test_entries_that_point_into_one_page_make_chapters(self, tmp_path):
        page = '<h2 id="a">One</h2><p>First.</p><h3>Sub</h3><p>More.</p><p id="b">Second.</p>'
        page += '<a id="c"/><p>Third.</p>'
        nav = contents(("p0.xhtml#a", "One"), ("p0.xhtml#b", "Two"), ("p0.xhtml#c", "Three"))
        book = read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": page}, nav=nav))
        assert _chapters(book) == [
            ("One", ("First.", "Sub", "More.")),
            ("Two", ("Second.",)),
            ("Three", ("Third.",)),
        ]

    @pytest.mark.parametrize(
        ("page", "entry", "title"),
        [
            ('<p class="title">The Gate</p><p>Text.</p>', "The Gate", "The Gate"),
            ("<p>The Gate</p><p>Text.</p>", "The Gate", "The Gate"),
            ("<p>1</p><p>The Gate</p><p>Text.</p>", "1. The Gate", "1. The Gate"),
            ("<h1>Chapter 1</h1><p>The Gate</p><p>Text.</p>", "Chapter 1: The Gate", "Chapter 1: The Gate"),
            ('<p class="chapter-title">The Gate</p><p>Text.</p>', None, "The Gate"),
            ("<h1>1</h1><h2>The Gate</h2><p>Text.</p>", None, "1. The Gate"),
            ("<h2>1</h2><h2>The Gate</h2><p>Text.</p>", "The Gate", "1. The Gate"),
            (
                '<p class="chapter-number">1</p><p class="chapter-title">The Gate</p><p>Text.</p>',
                None,
                "1. The Gate",
            ),
            ("<h2>Chapter I<br/>The Gate</h2><p>Text.</p>", None, "Chapter I. The Gate"),
            ("<hgroup><h1>I</h1><p>The Gate</p></hgroup><p>Text.</p>", None, "I. The Gate"),
        ],
    )
    def test_a_title_is_said_once(self, tmp_path, page, entry, title):
        nav = contents(("p0.xhtml", entry)) if entry else None
        book = read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": page}, nav=nav))
        assert _chapters(book) == [(title, ("Text.",))]

    @pytest.mark.parametrize(
        ("title", "said"),
        [
            ("01", "1"),
            ("II", "2"),
            ("XLII. The End", "42. The End"),
            ("CHAPTER IV. The Gate", "CHAPTER 4. The Gate"),
            ("Kapitel XII", "Kapitel 12"),
            ("I", "1"),
            ("Chapter 007", "Chapter 7"),
            ("I Take the Wings", "I Take the Wings"),
            ("V for Victory", "V for Victory"),
            ("1984", "1984"),
            ("Mix", "Mix"),
        ],
    )
    def test_a_title_s_number_is_spoken_as_one(self, tmp_path, title, said):
        book = read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": f"<h1>{title}</h1><p>Text.</p>"}))
        assert book.chapters[0].title == title
        assert next(pieces(book)).text == said

    def test_letters_that_name_chapters_are_no_numbers(self, tmp_path):
        pages = {f"{at}.xhtml": f"<h1>{letter}</h1><p>Text.</p>" for at, letter in enumerate("ABCI")}
        book = read_book(make_epub(tmp_path / "b.epub", pages))
        assert [piece.text for piece in pieces(book)][::2] == list("ABCI")

    def test_a_list_of_links_is_not_read(self, tmp_path):
        links = "".join(f'<p><a href="p1.xhtml#c{at}">Chapter {at}</a> {at}0</p>' for at in range(1, 5))
        pages = {"p0.xhtml": f"<h1>Contents</h1>{links}", "p1.xhtml": "<h1>Chapter 1</h1><p>Text.</p>"}
        book = read_book(make_epub(tmp_path / "b.epub", pages))
        assert _chapters(book) == [("Chapter 1", ("Text.",))]

    def test_gutenberg_s_licence_is_not_read(self, tmp_path):
        pages = {
            "p0.xhtml": "<p>Licence.</p><p>*** START OF THE PROJECT GUTENBERG EBOOK THE BOOK ***</p>"
            "<h1>I</h1><p>Text.</p>",
            "p1.xhtml": "<p>*** END OF THE PROJECT GUTENBERG EBOOK THE BOOK ***</p><p>More licence.</p>",
        }
        assert _chapters(read_book(make_epub(tmp_path / "b.epub", pages))) == [("I", ("Text.",))]


PAGES = {"p0.xhtml": "<h1>One</h1><p>First.</p>", "p1.xhtml": "<h1>Two</h1><p>Second.</p>"}


class TestDamage:
    def test_a_missing_page_costs_only_itself(self, tmp_path):
        nav = contents(("p0.xhtml", "One"), ("p1.xhtml", "Two"))
        book = read_book(make_epub(tmp_path / "b.epub", PAGES, nav=nav, without=["OEBPS/p0.xhtml"]))
        assert _chapters(book) == [("Two", ("Second.",))]
        assert "OEBPS/p0.xhtml" in book.warnings[0]

    def test_a_link_that_is_no_address_costs_nothing(self, tmp_path):
        page = (
            '<h1>One</h1><p>Text<a epub:type="noteref" href="http://[x">1</a>.</p>'
            f'<p role="heading" aria-level="{"9" * 5_000}">Two</p>'
        )
        nav = contents(("http://[x", "Nowhere"), ("p0.xhtml", "One"))
        [chapter] = read_book(make_epub(tmp_path / "b.epub", {"p0.xhtml": page}, nav=nav)).chapters
        assert chapter.paragraphs == ("Text.", "Two")

    def test_a_missing_table_of_contents_costs_only_itself(self, tmp_path):
        ncx = '<ncx><navMap><navPoint><text>Eins</text><content src="p0.xhtml"/></navPoint></navMap></ncx>'
        path = make_epub(tmp_path / "b.epub", PAGES, nav="", ncx=ncx, without=["OEBPS/nav.xhtml"])
        book = read_book(path)
        assert [chapter.title for chapter in book.chapters] == ["One", "Two"]
        assert "nav.xhtml" in book.warnings[0]

    @pytest.mark.parametrize(
        ("more", "name"),
        [
            ({"META-INF/license.lcpl": "{}"}, "LCP"),
            ({"META-INF/sinf.xml": "<x/>"}, "FairPlay"),
            ({"META-INF/rights.xml": '<rights xmlns="http://ns.adobe.com/adept"/>'}, "Adobe ADEPT"),
            ({"META-INF/rights.xml": '<r xmlns="http://ns.barnesandnoble.com/x"/>'}, "Barnes & Noble"),
            (
                {
                    "META-INF/encryption.xml": '<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>'
                    '<CipherReference URI="OEBPS/p0.xhtml"/>'
                },
                "unknown",
            ),
        ],
    )
    def test_a_locked_book_is_refused_by_the_lock_s_name(self, tmp_path, more, name):
        with pytest.raises(InvalidBook, match=name):
            read_book(make_epub(tmp_path / "b.epub", PAGES, more=more))

    def test_garbled_fonts_lock_nothing(self, tmp_path):
        encryption = (
            '<EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/><CipherReference URI="f.otf"/>'
        )
        path = make_epub(tmp_path / "b.epub", PAGES, more={"META-INF/encryption.xml": encryption})
        assert len(read_book(path).chapters) == 2


ODD = """<p> </p> <sup> </sup> <a~href='#x'> </a> <td> <tr> </table> <h1> </h1> <div~class='title'> </div>
<br/> <span~class='dropcap'> </span> <img~alt='T'/> <pre> one Two. 3 [ ] ~ &amp; < </ <li>
<aside~hidden> </aside>"""
MARKUP = st.lists(st.sampled_from([each.replace("~", " ") for each in ODD.split()]), max_size=40)


@given(MARKUP)
def test_no_markup_is_too_odd(tags):
    for block in page_blocks("".join(tags)):
        assert block.text.strip()
        assert not set(block.text) & set("\x1e\x1f")


@given(
    st.lists(
        st.sampled_from(["alpha", "Beta.", "<p>", "</p>", "<br/>", "<i>", "</i>", "<li>", " "]), max_size=40
    )
)
def test_no_word_of_a_page_is_lost(tags):
    page = " ".join(tags)
    said = " ".join(_texts(page)).replace(",", " ").split()
    assert said == [tag for tag in page.split() if not tag.startswith("<")]
