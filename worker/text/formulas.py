"""LaTeX in a text: formulas between dollar signs or in an environment, and single commands."""

import re
from collections.abc import Iterator

from worker.text.draft import Edit
from worker.text.latex import BARE_COMMANDS, plain_mathematics

EMPTY_LINE = re.compile(r"\n[ \t\r]*+\n")
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")
_COMMAND = re.compile(
    r"\\(?P<name>[A-Za-z]++)(?:\[[^\[\]\n]{0,80}+\])?+"
    r"(?:\{(?:[^{}\n]++|\{(?:[^{}\n]++|\{[^{}\n]*+\})*+\})*+\}){0,3}+"
)
_FRACTION = re.compile(r"\\(?:[dtc]?frac\s?\d\s?\d|sqrt\s?\d)(?!\w)")
_BRACKET_SIZE = re.compile(r"\\(?:left|right)(?=[()\[\]|.])\.?")
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<name>(?:equation|align|aligned|gather|gathered|multline|eqnarray|math|displaymath|cases|array|split"
    r"|[pbvBV]?matrix)\*?)\}"
)
_MATHEMATICS = re.compile(r"[\\^_={}<>]")
_FORMULA = re.compile(r"[A-Za-z(|][\w\s+\-*/().,|'!]*+\Z")
_LONG_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}+(?![A-Za-z}])")
_FUNCTIONS = {"log", "ln", "sin", "cos", "tan", "exp", "lim", "max", "min", "mod", "det", "gcd"}
_LONGEST_MATHEMATICS = 2_000
_LONGEST_FORMULA = 400


def after_dollar(text: str, at: int) -> Iterator[Edit]:
    """Yield the replacement of the formula whose dollar sign is at ``at``, if it opens one."""
    if text.startswith("$$", at):
        end = text.find("$$", at + 2, at + _LONGEST_MATHEMATICS)
        if end > at + 2 and not EMPTY_LINE.search(text, at, end):
            yield _mathematics(text, at, at + 2, end, end + 2)
        else:
            yield Edit(at + 2, at + 2, "")
        return
    end = text.find("$", at + 1, at + _LONGEST_FORMULA)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("$", end + 1, at + _LONGEST_FORMULA)
    if end > at + 1 and not text[end + 1 : end + 2].isalnum() and _is_formula(text[at + 1 : end]):
        yield _mathematics(text, at, at + 1, end, end + 1)


def after_backslash(text: str, at: int) -> Iterator[Edit]:
    """Yield the replacement of the formula, command or escape that begins at ``at``, if one does."""
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening, at):
            end = text.find(closing, at + 2, at + _LONGEST_MATHEMATICS)
            if end > 0 and not EMPTY_LINE.search(text, at, end):
                yield _mathematics(text, at, at + 2, end, end + 2)
                return
    if match := _ENVIRONMENT.match(text, at):
        closing = f"\\end{{{match['name']}}}"
        end = text.find(closing, match.end(), at + _LONGEST_MATHEMATICS)
        if end > 0:
            yield _mathematics(text, at, match.end(), end, end + len(closing))
            return
    if match := _FRACTION.match(text, at):
        yield _mathematics(text, at, at, match.end(), match.end())
    elif match := _BRACKET_SIZE.match(text, at):
        yield Edit(at, match.end(), "")
    elif match := _ESCAPE.match(text, at):
        yield Edit(at, match.end(), match.group()[1])
    elif (match := _COMMAND.match(text, at)) and match["name"] in BARE_COMMANDS and not _is_path(text, at):
        yield _mathematics(text, at, at, match.end(), match.end())


def _is_path(text: str, at: int) -> bool:
    before = text[max(at - 60, 0) : at].rpartition(" ")[2]
    return bool(re.search(r"[A-Za-z]{2}\Z|:\Z|[A-Za-z]:\\|\.\Z", before))


def _is_formula(written: str) -> bool:
    """Whether the text between two dollar signs is mathematics, and not words between two amounts."""
    if written != written.strip() or EMPTY_LINE.search(written):
        return False
    words = set(_LONG_WORD.findall(written)) - _FUNCTIONS
    if _MATHEMATICS.search(written):
        return not (written[0].isdigit() and words) and (
            "\\" in written or sum(map(len, words)) * 2 < len(written) + 2
        )
    return bool(_FORMULA.match(written)) and not words


def _mathematics(text: str, start: int, first: int, last: int, end: int) -> Edit:
    """Replace ``text[start:end]`` with the mathematics ``text[first:last]``."""
    spoken = plain_mathematics(text[first:last])
    before, after = text[start - 1 : start], text[end : end + 1]
    return Edit(
        start,
        end,
        f"{' ' if before.isalnum() else ''}{spoken}{' ' if after.isalnum() else ''}",
    )
