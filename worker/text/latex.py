"""Converts LaTeX mathematics to the signs that print shows; each language then has its own words for them."""

import re

_SIGNS = {
    "×": "times",
    "·": "cdot ast bullet",
    "÷": "div",
    "±": "pm",
    "∓": "mp",
    "≤": "le leq leqslant lesssim",
    "≥": "ge geq geqslant gtrsim",
    "≠": "ne neq",
    "≈": "approx simeq cong",
    "≡": "equiv",
    "∼": "sim",
    "∝": "propto",
    "≪": "ll",
    "≫": "gg",
    "→": "to rightarrow longrightarrow Rightarrow Longrightarrow implies mapsto",
    "↔": "leftrightarrow Leftrightarrow iff",
    "←": "leftarrow gets Leftarrow",
    "∞": "infty",
    "∑": "sum",
    "∏": "prod",
    "∫": "int iint iiint oint",
    "∂": "partial",
    "∇": "nabla",
    "∈": "in",
    "∉": "notin",
    "⊂": "subset",
    "⊆": "subseteq",
    "∪": "cup bigcup",
    "∩": "cap bigcap",
    "∀": "forall",
    "∃": "exists",
    "¬": "neg lnot",
    "∧": "land wedge",
    "∨": "lor vee",
    "∅": "emptyset varnothing",
    "⊥": "perp bot",
    "∥": "parallel",
    "∠": "angle",
    "°": "circ degree",
    "′": "prime",
    "…": "dots ldots cdots vdots ddots",
    "%": "%",
    "$": "$",
    "&": "&",
    "#": "#",
    "_": "_",
    "<": "lt",
    ">": "gt",
    "ℏ": "hbar",
    "ℓ": "ell",
    ", ": "\\",
    "{": "{",
    "}": "}",
}


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_COMMANDS = {name: sign for sign, names in _SIGNS.items() for name in names.split()}
_GREEK = _set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega"
)
_FUNCTIONS = _set(
    "log ln lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh lim limsup liminf max min "
    "sup inf gcd lcm det dim ker deg arg mod bmod"
)
_NAMES = {name: name for name in _FUNCTIONS} | {f"var{name}": name for name in _GREEK}
_NAMES |= {spelling: spelling for name in _GREEK for spelling in (name, name.title())}
_FRACTIONS = _set("frac dfrac tfrac cfrac")
_WITHOUT_WORDS = _set(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr middle displaystyle textstyle scriptstyle limits "
    "nolimits quad qquad , ; : ! | . thinspace enspace hline nonumber notag noindent"
) | {" "}
_WITH_SILENT_ARGUMENT = _set("begin end label tag hspace vspace phantom color textcolor")
_WITH_WORDS = _set(
    "text textrm textbf textit textsf texttt mbox operatorname emph mathrm title chapter section subsection "
    "subsubsection paragraph caption underline"
)
_WITH_LIMITS = _set("∑ ∏ ∫ lim max min ∪ ∩")
_RAISED = dict(zip("0123456789+-=()ni\N{MINUS SIGN}", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ⁻", strict=True))
_BLANK_BEFORE_RAISED = re.compile(r" (?=[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁿⁱ^°′])")
_ROOTS = {"3": "∛", "4": "∜"}
_SIGN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|\d+(?:[.,]\d+)*|[A-Za-z]+|.", re.DOTALL)
_SPACED = frozenset("+=<>≤≥≠≈≡∼×÷±∓→∈∉⊂⊆∪∩∧∨∝↔←*·")
_WORDS = _NAMES.keys() | _set("if and or for all is the of kg km cm mm Hz")
_AS_WRITTEN = {"/": "⁄", "'": "′", "|": " ", "*": " × ", "·": " × "}
_LONGEST_PRODUCT = 3
"""Letters in a row that are separate variables; a longer run is a word."""
_DEEPEST = 40

BARE_COMMANDS = _COMMANDS.keys() | _NAMES.keys() | _FRACTIONS | _WITH_WORDS | {"sqrt", "mathbb"}
"""Commands that are recognised without surrounding dollar signs."""


def plain_mathematics(latex: str) -> str:
    r"""Return ``latex``, without its delimiters, as a row of signs: ``\frac{7}{10}`` as seven over ten.

    Never fails: an unknown command with an argument is replaced by the argument, one without is read by its
    name.
    """
    return _BLANK_BEFORE_RAISED.sub("", " ".join(_Reader(latex).all().split()))


class _Reader:
    def __init__(self, latex: str) -> None:
        self._signs: list[str] = _SIGN.findall(latex)
        self._at = 0
        self._depth = 0

    def all(self) -> str:
        out = ""
        while self._at < len(self._signs):
            out += self._next(out)
        return out

    def _next(self, before: str) -> str:
        """Read one item: a sign, a number, letters, a command with its arguments, a group."""
        sign = self._signs[self._at]
        self._at += 1
        if sign[0] == "\\":
            read = self._command(sign[1:].rstrip("*"))
        elif sign == "{":
            read = self._group()
        elif sign in "}~&" or sign.isspace():
            read = " "
        elif sign in "^_":
            read = self._raised(before) if sign == "^" else self._lowered(before)
        elif sign.isalpha():
            is_word = len(sign) > _LONGEST_PRODUCT or sign in _WORDS
            read = (" " if before[-1:].isalpha() else "") + (sign if is_word else " ".join(sign))
        elif sign in "-−":
            is_first = before.rstrip()[-1:] in {"", "(", ",", "[", "⁄"} | _SPACED
            read = "−" if is_first else " - "
        else:
            read = _AS_WRITTEN.get(sign) or (f" {sign} " if sign in _SPACED else sign)
        return read

    def _group(self) -> str:
        """Read up to the closing bracket."""
        self._depth += 1
        out = ""
        while self._at < len(self._signs) and self._signs[self._at] != "}":
            if self._depth > _DEEPEST:
                break
            out += self._next(out)
        self._at += 1
        self._depth -= 1
        return out

    def _argument(self) -> str:
        """Read a command's argument: a group, or the next item."""
        while self._at < len(self._signs) and self._signs[self._at].isspace():
            self._at += 1
        if self._at >= len(self._signs) or self._depth > _DEEPEST:
            return ""
        sign = self._signs[self._at]
        if len(sign) > 1 and sign[0] != "\\":
            self._signs[self._at] = sign[1:]
            return sign[0]
        self._depth += 1
        read = self._next("").strip()
        self._depth -= 1
        return read

    def _option(self) -> str:
        """Read the content of square brackets, if there are any."""
        if self._signs[self._at : self._at + 1] != ["["]:
            return ""
        last = self._at + 1
        while last < len(self._signs) and self._signs[last] != "]":
            last += 1
        option = "".join(self._signs[self._at + 1 : last])
        self._at = last + 1
        return option

    def _words(self) -> str:
        if self._signs[self._at : self._at + 1] != ["{"]:
            return ""
        last = self._at + 1
        while last < len(self._signs) and self._signs[last] not in "{}":
            last += 1
        words = "".join(self._signs[self._at + 1 : last])
        self._at = last + 1
        return f" {words} "

    def _command(self, name: str) -> str:
        has_argument = self._signs[self._at : self._at + 1] == ["{"]
        if name in _FRACTIONS:
            read = f"{_bracketed(self._argument())}⁄{_bracketed(self._argument())} "
        elif name == "sqrt":
            root = _ROOTS.get(self._option(), "√")
            read = f"{root}{_bracketed(self._argument())}"
        elif name == "binom":
            read = f"({self._argument()} choose {self._argument()})"
        elif name in _WITH_WORDS | _WITH_SILENT_ARGUMENT:
            words = self._words()
            read = words if name in _WITH_WORDS else " "
        elif name in _WITHOUT_WORDS:
            read = " "
        elif sign := _COMMANDS.get(name):
            read = f" {sign} " if sign in _SPACED | _WITH_LIMITS else sign
        elif has_argument:
            read = f" {self._argument()} "
        else:
            read = f" {_NAMES.get(name, name if name.isalpha() else '')} "
        return read

    def _raised(self, before: str) -> str:
        exponent = self._argument()
        if before.rstrip().endswith(tuple(_WITH_LIMITS)):
            return f" → {exponent} "
        if exponent in {"°", "′"}:
            return exponent
        tight = exponent.replace(" ", "")
        if tight and all(character in _RAISED for character in tight):
            return "".join(_RAISED[character] for character in tight)
        return f"^({exponent})" if exponent else ""

    def _lowered(self, before: str) -> str:
        index = self._argument()
        if self._signs[self._at : self._at + 1] == ["^"] and before.rstrip().endswith(tuple(_WITH_LIMITS)):
            self._at += 1
            return f" {index} → {self._argument()} "
        return f" {index} " if index else ""


def _bracketed(term: str) -> str:
    """Return a term of several parts in brackets."""
    return f"({term})" if " " in term else term
