"""Candidate texts for super-linear matching time, derived from a regular expression itself.

When one way to read a text fails, Python's `re` goes back and tries the next. A pattern is taken as an
automaton whose states are its characters (Glushkov's). It is ambiguous where the same word leads from a
state back to itself in two ways, so that time may double with each repetition; or both back to itself and on
to another state that the word leads back to itself, so that time may grow with the square. The search for a
match is such a state too, for a match may begin at any character.

The automaton does not see all that binds a pattern: atomic groups, counts, long lookarounds, back
references. So each text is a suspicion, which is to be tried out.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import islice, permutations, product
from re import _constants as op
from re import _parser
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

_USUAL = "ab1Z09 \t\n_-.,!(é漢☺\u0663\u2028"
_OPTIONAL = object()
_MOST_NAMED = 200
_MOST_COPIES = 4
"""A part that stands so many times at most is copied; one that may stand more often goes on and on."""


class Attack(NamedTuple):
    """`prefix`, then `unit` again and again, then something that does not fit."""

    prefix: str
    unit: str


class _Guard(NamedTuple):
    """What must stand before and after a place between two characters, in bits of the alphabet."""

    before: int = -1
    after: int = -1

    def __and__(self, other: "_Guard") -> "_Guard":
        return _Guard(self.before & other.before, self.after & other.after)


_Edges = list[list[tuple[int, _Guard]]]


@dataclass
class _Part:
    """A part of the pattern: the states at its beginning and end, and how it is passed by nothing."""

    first: list[tuple[int, _Guard]] = field(default_factory=list)
    last: list[tuple[int, _Guard]] = field(default_factory=list)
    empty: list[_Guard] = field(default_factory=list)


class _Automaton:
    """The states of a pattern: first the text's beginning, then what a search passes over, then its own."""

    def __init__(self, pattern: re.Pattern, *, is_searched: bool) -> None:
        source = pattern.pattern
        tree = _parser.parse(source, pattern.flags & ~re.DEBUG)
        named = {each for char in map(chr, _literals(tree)) for each in (char, char.lower(), char.upper())}
        named = sorted(char for char in named if len(char) == 1)
        # Of thousands, as of all marks that letters may bear, some stand for the rest.
        self.alphabet = sorted({*_USUAL, *named[:: len(named) // _MOST_NAMED + 1]})
        if isinstance(source, bytes):
            self.alphabet = [char for char in self.alphabet if ord(char) < 256]
        # What a lower or upper form is made of is not of interest: a mark or two more.
        self._forms = [
            tuple(each[:1] for each in (char, char.lower(), char.upper())) for char in self.alphabet
        ]
        self.edge = 1 << len(self.alphabet)
        self.all = self.edge - 1
        self._items: dict[tuple, int] = {}
        self._words = self._item(op.CATEGORY, op.CATEGORY_WORD, 0)
        self.chars = [self.edge, self.all]
        self.follow: _Edges = [[], []]
        """For each state the ones that may be next."""
        self.choices: _Edges = [[], []]
        """Without the ways back to the beginning of what is possessive, on which nothing is taken back."""
        whole = self._sequence(tree, pattern.flags)
        self.follow[0] += whole.first
        if is_searched:
            self.follow[0].append((1, _Guard()))
            self.follow[1] = [(1, _Guard()), *whole.first]

    @property
    def states(self) -> range:
        """Those of the pattern itself."""
        return range(2, len(self.chars))

    def any_of(self, chars: int) -> str:
        """Return the one of some characters that fits least elsewhere, and so completes no match."""
        here = [at for at in range(len(self.alphabet)) if chars >> at & 1]
        return self.alphabet[min(here, key=self._uses.__getitem__)] if here else ""

    @cached_property
    def _uses(self) -> list[int]:
        return [sum(chars >> at & 1 for chars in self.chars) for at in range(len(self.alphabet))]

    def _state(self, chars: int) -> _Part:
        self.chars.append(chars)
        self.follow.append([])
        self.choices.append([])
        here = [(len(self.chars) - 1, _Guard())]
        return _Part(here, here, [])

    def _link(self, before: _Part, after: _Part, *, for_good: bool = False) -> None:
        for (state, leave), (following, enter) in product(before.last, after.first):
            edge = (following, leave & enter)
            self.follow[state].append(edge)
            if not for_good:
                self.choices[state].append(edge)

    def _sequence(self, tree, flags: int) -> _Part:
        whole = _Part(empty=[_Guard()])
        for node in tree:
            part = self._part(node, flags)
            self._link(whole, part)
            whole = _Part(
                whole.first + [(at, passed & enter) for passed in whole.empty for at, enter in part.first],
                part.last + [(at, leave & passed) for passed in part.empty for at, leave in whole.last],
                list({one & other for one in whole.empty for other in part.empty}),
            )
        return whole

    def _part(self, node, flags: int) -> _Part:  # noqa: C901, PLR0911  # one kind of node after the other
        kind, value = node
        if kind in {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}:
            return self._state(self._set(node, flags))
        if kind is op.SUBPATTERN:
            _, add, remove, tree = value
            return self._sequence(tree, (flags | add) & ~remove)
        if kind is op.ATOMIC_GROUP:
            return self._sequence(value, flags)
        if kind is op.BRANCH:
            parts = [self._sequence(tree, flags) for tree in value[1]]
            return _Part(
                [each for part in parts for each in part.first],
                [each for part in parts for each in part.last],
                [each for part in parts for each in part.empty],
            )
        if kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
            return self._repeat(*value, flags, is_possessive=kind is op.POSSESSIVE_REPEAT)
        if kind is _OPTIONAL:
            part = self._sequence(value, flags)
            return _Part(part.first, part.last, list({*part.empty, _Guard()}))
        if kind is op.AT:
            return _Part(empty=self._boundary(value, flags))
        if kind in {op.ASSERT, op.ASSERT_NOT}:
            return self._look(*value, flags, is_wanted=kind is op.ASSERT)
        if kind is op.GROUPREF_EXISTS:
            _, yes, no = value
            return self._part((op.BRANCH, (None, [yes, no or []])), flags)
        if kind is op.GROUPREF:  # what it says is not known here
            return self._part((op.BRANCH, (None, [[(op.ANY, None)], []])), flags | re.DOTALL)
        if kind is op.FAILURE:
            return _Part()
        raise NotImplementedError(kind)  # of a later Python: better no answer than one that it is harmless

    def _repeat(self, least: int, most: int, tree, flags: int, *, is_possessive: bool) -> _Part:
        if most <= _MOST_COPIES:
            more = []
            for _ in range(most - least):
                more = [(_OPTIONAL, [*tree, *more])]
            return self._sequence([node for _ in range(least) for node in tree] + more, flags)
        part = self._sequence(tree, flags)
        self._link(part, part, for_good=is_possessive)
        over = _Guard()
        if is_possessive and most is op.MAXREPEAT:
            # It goes on as long as a single character is all it takes.
            alone = {at for at, guard in part.first if guard == _Guard()} & {at for at, guard in part.last}
            over = _Guard(after=~sum({self.chars[at] for at in alone}, 0) if len(alone) == 1 else -1)
        empty = part.empty if least else [_Guard()]
        return _Part(
            part.first, [(at, leave & over) for at, leave in part.last], [each & over for each in empty]
        )

    def _boundary(self, where, flags: int) -> list[_Guard]:
        newline = 1 << self.alphabet.index("\n")
        lines = self.edge | newline if flags & re.MULTILINE else self.edge
        word, other = self._words, ~self._words
        return {
            op.AT_BEGINNING: [_Guard(before=lines)],
            op.AT_BEGINNING_STRING: [_Guard(before=self.edge)],
            op.AT_END: [_Guard(after=self.edge | newline)],
            op.AT_END_STRING: [_Guard(after=self.edge)],
            op.AT_BOUNDARY: [_Guard(word, other), _Guard(other, word)],
            op.AT_NON_BOUNDARY: [_Guard(word, word), _Guard(other, other)],
        }[where]

    def _look(self, direction: int, tree, flags: int, *, is_wanted: bool) -> _Part:
        single = len(tree) == 1 and tree[0][0] in {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}
        if single:
            chars = self._set(tree[0], flags)
            allowed = chars if is_wanted else ~chars
            return _Part(empty=[_Guard(before=allowed) if direction < 0 else _Guard(after=allowed)])
        # What is looked at ahead is read too, but nothing comes behind it.
        ahead = self._sequence(tree, flags).first if direction > 0 else []
        return _Part(ahead, [], [_Guard()])

    def _set(self, node, flags: int) -> int:
        kind, value = node
        if kind is op.ANY:
            return self.all if flags & re.DOTALL else self.all & ~(1 << self.alphabet.index("\n"))
        items = [(op.LITERAL, value)] if kind in {op.LITERAL, op.NOT_LITERAL} else value
        is_negated = kind is op.NOT_LITERAL or items[0][0] is op.NEGATE
        chars = 0
        for item, what in items:
            if item is not op.NEGATE:
                chars |= self._item(item, what, flags & (re.IGNORECASE | re.ASCII))
        return self.all & ~chars if is_negated else chars

    def _item(self, item, what, flags: int) -> int:
        """Return the characters of one item of a set; most stand in a pattern many times."""
        if (key := (item, what, flags)) not in self._items:
            if item is op.CATEGORY:
                fitting = map(re.compile(_CATEGORIES[what], flags & re.ASCII).match, self.alphabet)
            else:
                first, last = what if item is op.RANGE else (what, what)
                forms = self._forms if flags & re.IGNORECASE else self.alphabet
                fitting = (any(first <= ord(char) <= last for char in each) for each in forms)
            self._items[key] = sum(1 << at for at, fits in enumerate(fitting) if fits)
        return self._items[key]


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _literals(tree) -> Iterator[int]:
    """Yield the characters that a tree names, and those beside its ranges."""
    for node in tree:
        if isinstance(node, _parser.SubPattern | list | tuple):
            if node and (node[0] is op.LITERAL or node[0] is op.NOT_LITERAL):
                yield node[1]
            elif node and node[0] is op.RANGE:
                first, last = node[1]
                yield from (first, last, min(last + 1, 0x10FFFF))
            else:
                yield from _literals(node)


@cache
def _automaton(pattern: re.Pattern, *, is_searched: bool) -> _Automaton:
    return _Automaton(pattern, is_searched=is_searched)


def attacks(pattern: re.Pattern, *, is_searched: bool = True) -> Iterator[Attack]:
    """Yield texts on which a pattern may be slow; one that is not searched for stands at the beginning."""
    automaton = _automaton(pattern, is_searched=is_searched)
    anywhere = set(range(len(automaton.chars)))
    for begin, unit in _units(automaton, anywhere):
        prefix = _word(automaton, automaton.follow, (0,), (begin,), (anywhere,))
        yield Attack(prefix or "", unit)


def _units(automaton: _Automaton, anywhere: set[int]) -> Iterator[tuple[int, str]]:
    """Yield what is to be repeated, and in which state it begins."""
    for loop in _loops(automaton.follow):
        # A search passes over anything, so that it comes to every state of a loop, if to one.
        first, within = min(loop), ({1}, anywhere, loop)
        unit = _word(automaton, automaton.follow, (1, 1, first), (1, first, first), within)
        if unit and loop != {1}:
            yield 1, unit
    loops = _loops(automaton.choices)
    for loop in loops:
        both = (min(loop),) * 2
        if unit := _word(automaton, automaton.choices, both, both, (loop, loop), diverges=True):
            yield min(loop), unit
    for loop, other in permutations(loops, 2):
        within = (loop, anywhere, other)
        ways = (((first, first, last), (first, last, last)) for first, last in product(loop, other))
        words = ((begin[0], _word(automaton, automaton.choices, begin, end, within)) for begin, end in ways)
        yield from islice(((state, unit) for state, unit in words if unit), 1)


def _loops(follow: _Edges) -> list[set[int]]:
    """Return the sets of states that lead to one another."""
    edges = {(state, target) for state, targets in enumerate(follow) for target, _ in targets}
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    graph = csr_array((np.ones(len(edges)), (rows, columns)), shape=(len(follow), len(follow)))
    loops: dict[int, set[int]] = {}
    for state, label in enumerate(connected_components(graph, connection="strong")[1]):
        loops.setdefault(label, set()).add(state)
    return [loop for loop in loops.values() if len(loop) > 1 or (min(loop), min(loop)) in edges]


def _word(
    automaton: _Automaton,
    follow: _Edges,
    begin: tuple[int, ...],
    end: tuple[int, ...],
    within: tuple[set[int], ...],
    *,
    diverges: bool = False,
) -> str | None:
    """Return a shortest word that leads from each state of `begin` to its fellow of `end`.

    With `diverges` there are two ways, and they differ.
    """
    ahead = [
        cache(lambda at, states=states: [edge for edge in follow[at] if edge[0] in states])
        for states in within
    ]
    came: dict[_Node, tuple[_Node, int, int]] = {}
    start = _Node(begin, not diverges, -1)
    waiting = deque([(start, _common(automaton, begin))])
    while waiting:
        node, chars = waiting.popleft()
        for edges in product(*(after(at) for after, at in zip(ahead, node.states, strict=True))):
            before, after = -1, -1
            for _, guard in edges:
                before, after = before & guard.before, after & guard.after
            states = tuple(state for state, _ in edges)
            read = _common(automaton, states) & after
            has_diverged = node.has_diverged or edges[0] is not edges[1]
            reached = _Node(states, has_diverged, before if node is start else node.first)
            if not (chars & before and read) or reached in came:
                continue
            came[reached] = (node, before, read)
            # Where the word comes again, its end stands before its beginning.
            allowed = reached.first if len(begin) > 1 else -1
            if states == end and has_diverged and read & allowed:
                return _spelt(automaton, came, reached, start, allowed)
            waiting.append((reached, read))
    return None


class _Node(NamedTuple):
    """How far a search for a word has come."""

    states: tuple[int, ...]
    has_diverged: bool
    first: int
    """What may stand before the word."""


def _common(automaton: _Automaton, states: tuple[int, ...]) -> int:
    chars = -1
    for state in states:
        chars &= automaton.chars[state]
    return chars


def _spelt(automaton: _Automaton, came: dict, reached: _Node, start: _Node, allowed: int) -> str:
    word = []
    while reached is not start:
        reached, before, read = came[reached]
        possible = read & allowed & automaton.all
        word.append(automaton.any_of(possible))
        allowed = before
    return "".join(reversed(word))


def own_units(pattern: re.Pattern) -> list[str]:
    """Return what may be repeated against a pattern: characters that it names, pairs that it may read."""
    automaton = _automaton(pattern, is_searched=True)
    chars = automaton.chars
    follow = {(chars[at], chars[to]) for at in automaton.states for to, _ in automaton.follow[at]}
    pairs = {"".join(map(automaton.any_of, each)) for each in follow}
    return sorted({*automaton.alphabet} - {*_USUAL}) + sorted(pairs)
