"""Bytes become text: by the mark at their beginning, by what the document declares, else by how they look."""

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
"""Of the bytes at even, or at odd places so many are zero in UTF-16 without a mark."""


def decode(data: bytes, *, is_page: bool = False) -> str:
    """Return the text of a file; of a web page (``is_page``), in the encoding that it declares.

    A byte that the encoding does not have is taken for one of Windows' western characters.
    """
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(marked, errors="replace")
    if encoding := _wide(data[:_HEAD_BYTES]):
        return data.decode(encoding, errors="replace")
    return data.decode(_declared(data[:_HEAD_BYTES]) if is_page else "utf-8", errors=_AS_WESTERN)


def _wide(head: bytes) -> str | None:
    """Name UTF-16 where every other byte is zero, as in most scripts' blanks and line ends."""
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
    except (LookupError, ValueError):  # not known, or not an encoding of text
        return "utf-8"
    # Browsers take the two narrower ones for Windows' own, and so do those who make books.
    # A document whose declaration can be read byte by byte is not in UTF-16, whatever it says.
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
