"""Every regular expression of the project, found by its calls of `re`.

A call that runs while its module is imported, or while rules are made, is watched in a process of its own:
whatever a pattern is put together from, and wherever it is kept then, it is seen. One within a function is
read from the source, where it is written out.
"""

import ast
import importlib
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("chatterpod", "local_runpod", "deployment", "voices", "voices_cli", "worker")
_CALLS = ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
_OTHER_WAYS = {"fnmatch", "regex"}
_AT_A_PLACE = {"match", "fullmatch", "pattern"}


@dataclass(frozen=True)
class Call:
    """A call of `re`, which begins at this line and column."""

    path: str
    line: int
    column: int
    name: str
    """What the pattern is assigned to, or else how it is written."""

    def __str__(self) -> str:
        return f"{self.path}: {self.name}"


@cache
def patterns() -> dict[Call, list[re.Pattern]]:
    """Return for each call the patterns that it is made with; none where only running it would tell."""
    seen: dict[tuple, list[re.Pattern]] = {}
    for path, line, column, pattern, flags in _watched():
        seen.setdefault((path, line, column), []).append(re.compile(pattern, flags))
    made = {}
    for call, node in _calls().items():
        made[call] = seen.pop((call.path, call.line, call.column), [])
        if not made[call] and isinstance(node.args[0], ast.Constant):
            flags = [getattr(re, each.attr) for each in node.args[1:] if _is_flag(each)]
            made[call] = [re.compile(node.args[0].value, *flags)]
    assert not seen
    return made


def files_with_calls() -> list[str]:
    """Name the files that call `re`."""
    return sorted({call.path for call in _calls()})


@cache
def is_searched(call: Call) -> bool:
    """Whether the pattern is looked for in a text, and not at one place alone."""
    if not call.name.isidentifier():
        return ast.unparse(_calls()[call].func).rpartition(".")[2] not in _AT_A_PLACE
    paths = [call.path] if call.name[0] == "_" else _trees()
    uses = set().union(*(_uses(path).get(call.name, set()) for path in paths))
    return not uses or not uses <= _AT_A_PLACE


@cache
def _uses(path: str) -> dict[str, set[str]]:
    """Return for each name in a file what is asked of it; "" where it is handed on."""
    nodes = list(ast.walk(_trees()[path]))
    asked = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    uses: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses.setdefault(node.id, set()).add(asked.get(id(node), ""))
    return uses


@cache
def _trees() -> dict[str, ast.Module]:
    files = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in files}


@cache
def _calls() -> dict[Call, ast.Call]:
    found = {}
    for path, tree in _trees().items():
        names = {
            id(node.value): node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{name}" for name in _CALLS}:
                name = names.get(id(node)) or ast.unparse(node.args[0])
                found[Call(path, node.lineno, node.col_offset, name)] = node
    return found


def ways_around() -> list[str]:
    """Name the modules that come to regular expressions by another way than calls of `re`."""
    return [path for path, tree in _trees().items() for node in ast.walk(tree) if _goes_around(node)]


def _goes_around(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in _OTHER_WAYS | {"re"}
    names = node.names if isinstance(node, ast.Import) else []
    return any(each.name in _OTHER_WAYS or (each.name == "re" and each.asname) for each in names)


def _is_flag(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Attribute) and hasattr(re.RegexFlag, argument.attr)


def _watched() -> list[tuple]:
    command = [sys.executable, __file__]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)
    return [ast.literal_eval(line) for line in run.stdout.splitlines()]


def _watch() -> None:
    """Import the modules that use `re`, have the rules made, and print what `re` is called with."""
    sys.path[0] = str(ROOT)
    compile_pattern = re.compile
    for name in _CALLS:
        setattr(re, name, _printing(getattr(re, name), compile_pattern))
    for path in files_with_calls():
        importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))

    from worker.text.characters import plain_characters
    from worker.text.draft import Draft
    from worker.text.normalize import rules_for

    for language, normalize in product(("en-US", "en-GB", "de"), (True, False)):
        rules_for(language, normalize=normalize)
    plain_characters(Draft("e\N{COMBINING ACUTE ACCENT}"), fold=True)


def _printing(function, compile_pattern):
    def printing(pattern, *args, **options):
        code, instruction = sys._getframe(1).f_code, sys._getframe(1).f_lasti
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES:
            line, _, column, _ = list(code.co_positions())[instruction // 2]
            made = compile_pattern(pattern, *(each for each in args if isinstance(each, re.RegexFlag)))
            seen = (str(path.relative_to(ROOT)), line, column, made.pattern, made.flags)
            sys.stdout.write(f"{seen!r}\n")
        return function(pattern, *args, **options)

    return printing


if __name__ == "__main__":
    _watch()
