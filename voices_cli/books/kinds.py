"""Classifies a page's elements by tag, by EPUB and ARIA vocabulary, and by common class names."""

import re
from collections.abc import Mapping

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl"),
    *(
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "li",
        "main",
        "nav",
    ),
    *("ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
}
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_ENDED_BY = {
    "p": BLOCKS,
    **{tag: frozenset({"td", "th", "tr"}) for tag in ("td", "th")},
    **{tag: frozenset({"dd", "dt"}) for tag in ("dd", "dt")},
    **{tag: frozenset({tag}) for tag in ("li", "tr", "option")},
}

_SKIPPED = frozenset(
    {
        *(
            "audio",
            "canvas",
            "head",
            "iframe",
            "annotation",
            "annotation-xml",
            "noscript",
            "object",
            "rp",
            "rt",
            "rtc",
            "script",
        ),
        *("select", "style", "svg", "template", "textarea", "video"),
    }
)
_NOTES = {"noteref", "footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes", "note"}
_NOT_READ = _NOTES | {
    *("backlink", "referrer", "pagebreak", "page-list", "pagelist", "landmarks", "toc", "loi", "lot", "loa"),
}
_TITLES = {"title", "fulltitle", "subtitle", "halftitle", "ordinal", "label"}
_NOTE_CLASS = re.compile(r"(?:foot|end|rear)[-_]?notes?(?:[-_]?(?:text|body|block|list|area|section|item))?")
_PAGE_CLASS = re.compile(r"(?:x-ebookmaker-)?(?:page|pg)[-_]?(?:num(?:ber)?|no)s?|folio")
_LICENCE_CLASS = re.compile(r"pg-boilerplate")
_TITLE_CLASS = re.compile(
    r"(?:(?:chap(?:ter)?|ch|part|book|section)[-_]?(?:titles?|heading|head(?:er)?|name|num(?:ber)?|no|label)"
    r"|(?:sub)?titles?|heading|titre|titulo|ueberschrift)[-_]?\d{0,2}[a-z]?"
)
_DROP_CAP_CLASS = re.compile(
    r"(?:.*[-_])?(?:drop[-_]?caps?|dropped|initials?|(?:first|big)[-_]?letter|lettrine|versal)(?:[-_]?\w{1,40})?"
)
_MOST_NAMES = 50
_LONGEST_NAME = 100
"""Limits on the class names of an element that are examined."""
_RAISED_CLASS = {"sup", "super", "superscript"}
_LOWERED_CLASS = {"sub", "subscript"}
_HIDDEN_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_RAISED_STYLE = re.compile(r"vertical-align\s*:\s*super", re.IGNORECASE)
_LOWERED_STYLE = re.compile(r"vertical-align\s*:\s*sub", re.IGNORECASE)


def is_skipped(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether the element is not read: hidden, a note, a page number, a table of contents, or no text."""
    if tag == "math" and attributes.get("alttext"):
        return True
    if tag in _SKIPPED or "hidden" in attributes or attributes.get("aria-hidden", "").lower() == "true":
        return True
    if _meanings(attributes) & _NOT_READ or _HIDDEN_STYLE.search(attributes.get("style", "")):
        return True
    kinds = _NOTE_CLASS if tag in BLOCKS else _PAGE_CLASS
    inline_note = tag == "span" and any(map(_NOTE_CLASS.fullmatch, _classes(attributes)))
    patterns = (kinds, _LICENCE_CLASS)
    return inline_note or any(each.fullmatch(name) for name in _classes(attributes) for each in patterns)


def ends(tag: str, following: str) -> bool:
    """Whether the start tag ``following`` implies the end tag of ``tag``."""
    return following in _ENDED_BY.get(tag, ())


def is_title(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether a block is a heading by its class or by its declared role."""
    if tag == "hgroup":
        return True
    return tag in BLOCKS and (
        bool(_meanings(attributes) & _TITLES) or any(map(_TITLE_CLASS.fullmatch, _classes(attributes)))
    )


def is_drop_cap(attributes: Mapping[str, str]) -> bool:
    """Whether the element is a drop cap, a chapter's large first letter."""
    return any(map(_DROP_CAP_CLASS.fullmatch, _classes(attributes)))


def is_note_class(attributes: Mapping[str, str]) -> bool:
    """Whether a link's class marks it as a link to a note."""
    return any(re.search(r"note|^fn|anchor$", name) for name in _classes(attributes))


def heading_rank(tag: str, attributes: Mapping[str, str]) -> int:
    """Return 1 to 6 for a heading, else 0."""
    if tag in HEADINGS:
        return int(tag[1])
    if attributes.get("role") == "heading":
        level = attributes.get("aria-level", "2")
        return min(int(level[:4]) or 2, 6) if level.isascii() and level.isdigit() else 2
    return 0


def is_raised(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether the text is superscript."""
    classes = set(_classes(attributes))
    return tag == "sup" or bool(classes & _RAISED_CLASS) or has_style(attributes, _RAISED_STYLE)


def is_lowered(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether the text is subscript."""
    classes = set(_classes(attributes))
    return tag == "sub" or bool(classes & _LOWERED_CLASS) or has_style(attributes, _LOWERED_STYLE)


def has_style(attributes: Mapping[str, str], style: re.Pattern[str]) -> bool:
    """Whether the element's style attribute matches."""
    return style.search(attributes.get("style", "")) is not None


def _classes(attributes: Mapping[str, str]) -> list[str]:
    names = attributes.get("class", "").lower().split()
    return [each for each in names[:_MOST_NAMES] if len(each) <= _LONGEST_NAME]


def _meanings(attributes: Mapping[str, str]) -> set[str]:
    roles = (each.removeprefix("doc-") for each in attributes.get("role", "").lower().split())
    return {*attributes.get("epub:type", "").lower().split(), *roles}
