"""Decodes bytes to text, by byte order mark, declared encoding, or heuristics."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which begins in the same way
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]{1,40})|<meta[^>]{0,200}?\bcharset\s*=\s*[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
_OF_NO_DOCUMENT = {"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf-7"}
_HEAD_BYTES = 2_048
_SPARSE = 0.3
"""Share of zeros among the even or the odd bytes that indicates UTF-16 without a byte order mark."""


def decode(data: bytes, *, is_page: bool = False) -> str:
    """Decode a file, as UTF-8 or, for a web page (``is_page``), in the encoding that it declares.

    Bytes that are invalid in that encoding are decoded as Windows-1252.
    """
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(marked, errors="replace")
    if encoding := _wide(data[:_HEAD_BYTES]):
        return data.decode(encoding, errors="replace")
    return data.decode(_declared(data[:_HEAD_BYTES]) if is_page else "utf-8", errors=_AS_WESTERN)


def _wide(head: bytes) -> str | None:
    """Detect UTF-16, in which every other byte of blanks and line ends is zero; else None."""
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start::2].count(0), head[1 - start :: 2].count(0)
        if zeros > _SPARSE * len(head) / 2 and not others:
            return encoding
    return None


def _declared(head: bytes) -> str:
    match = _DECLARED.search(head)
    if match is None:
        return "utf-8"
    try:
        name = codecs.lookup((match[1] or match[2]).decode("ascii", errors="replace")).name
        "".encode(name)
        b" ".decode(name)
    except (LookupError, ValueError):  # unknown, or not a text encoding
        return "utf-8"
    # Browsers treat ISO-8859-1 as Windows-1252, and books rely on it. A document whose declaration is
    # readable byte by byte cannot be in UTF-16, even if it declares that.
    if name.startswith(("utf-16", "utf-32")) or name in _OF_NO_DOCUMENT:
        return "utf-8"
    return {"iso8859-1": "cp1252", "ascii": "utf-8"}.get(name, name)


def _western(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    text = "".join(bytes([each]).decode("cp1252", errors="ignore") for each in wrong)
    return text, error.end


_AS_WESTERN = "books.western"
codecs.register_error(_AS_WESTERN, _western)
