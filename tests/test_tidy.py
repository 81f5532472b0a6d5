"""The house rules that no linter knows, checked over the whole tree as it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED_FOLDERS = (
    "engine",
    "rules_dsl",
    "server",
    "clients/cli/tongpin_cli",
    "clients/python/tongpin_client",
)
CODE_FOLDERS = (*SHIPPED_FOLDERS, "benchmarks", "tests", ".ci")
EXACT_FOLDERS = ("engine", "rules_dsl")
TEXT_SUFFIXES = {".cfg", ".json", ".lark", ".md", ".proto", ".py", ".sql", ".toml", ".tp", ".yaml"}

MODULE_LINES = 500
FUNCTION_LINES = 60
LINE_COLUMNS = 100
VAGUE_NAMES = {"utils", "helpers", "common", "misc", "base", "manager", "core"}

# Each exception names what it excuses and why; one that is no longer needed fails below.
LONG_MODULES: dict[str, str] = {
    "engine/program.py": "the whole of what a compiled rule book is, declarations only, no logic",
    "rules_dsl/syntax.py": "every node of the syntax tree, so that a pass is read against one file",
}
LONG_FUNCTIONS: dict[str, str] = {}
FLOAT_MODULES: dict[str, str] = {
    "engine/money.py": "estimates quotients in float64, then corrects them by an integer residual",
}


def _is_generated(path: Path) -> bool:
    return "_pb2" in path.name


@cache
def _modules(folders: tuple[str, ...] = CODE_FOLDERS) -> tuple[Path, ...]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if not _is_generated(path)))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _text_files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in TEXT_SUFFIXES)
    for folder in (*CODE_FOLDERS, "clients", "proto"):
        for path in (ROOT / folder).rglob("*"):
            is_text = path.suffix in TEXT_SUFFIXES or path.parent.name == ".ci"
            if is_text and path.is_file() and "node_modules" not in path.parts:
                yield path


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield f"{_name(path)}:{node.name}", node.end_lineno - node.lineno + 1


def _float_uses(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Constant(value=float()):
                what = f"the literal {node.value}"
            case ast.Call(func=ast.Name(id="float")):
                what = "float()"
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=attr) if re.match(
                r"(float|double|half|single|longdouble)", attr
            ):
                what = f"np.{attr}"
            case ast.Constant(value=str(text)) if re.fullmatch(r"[<>=]?(float\d*|f[248])", text):
                what = f"the dtype {text!r}"
            case _:
                continue
        yield f"line {node.lineno} uses {what}"


def test_modules_stay_within_500_lines() -> None:
    lengths = {_name(path): path.read_text(encoding="utf-8").count("\n") for path in _modules()}
    too_long = {name for name, lines in lengths.items() if lines > MODULE_LINES}
    assert too_long - LONG_MODULES.keys() == set()
    assert (LONG_MODULES.keys() & lengths.keys()) - too_long == set(), "exceptions not needed"


def test_functions_stay_within_60_lines() -> None:
    lengths = dict(found for path in _modules() for found in _functions(path))
    too_long = {name for name, lines in lengths.items() if lines > FUNCTION_LINES}
    assert too_long - LONG_FUNCTIONS.keys() == set()
    assert (LONG_FUNCTIONS.keys() & lengths.keys()) - too_long == set(), "exceptions not needed"


def test_lines_stay_within_100_columns() -> None:
    sources = [*_modules(), *(ROOT / "proto").rglob("*.proto"), *(ROOT / ".ci").glob("*")]
    too_long = [
        f"{_name(path)}:{number}"
        for path in sources
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LINE_COLUMNS
    ]
    assert too_long == []


def test_modules_are_named_after_what_they_hold() -> None:
    vague = {
        _name(path)
        for path in _modules()
        for part in (*path.relative_to(ROOT).parent.parts, path.stem)
        if part in VAGUE_NAMES
    }
    assert vague == set()


def test_modules_start_with_a_docstring() -> None:
    silent = [_name(path) for path in _modules() if not ast.get_docstring(_tree(path))]
    assert silent == []


def test_code_lies_in_packages() -> None:
    # A folder without __init__.py is passed over by the import contracts.
    loose = {
        _name(path.parent)
        for path in _modules(SHIPPED_FOLDERS)
        if not (path.parent / "__init__.py").exists()
    }
    assert loose == set()


def test_packages_list_their_public_names_in_order() -> None:
    problems = []
    for path in _modules(SHIPPED_FOLDERS):
        if path.name != "__init__.py":
            continue
        names = _public_names(_tree(path))
        if names is None:
            problems.append(f"{_name(path)} has no __all__")
        elif names != sorted(set(names)):
            problems.append(f"{_name(path)}: __all__ should read {sorted(set(names))}")
    assert problems == []


def _public_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
            ):
                return list(ast.literal_eval(value))
    return None


def test_no_unfinished_notes_are_left() -> None:
    unfinished = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
    notes = [
        f"{_name(path)}:{number}"
        for path in _modules()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unfinished.search(line)
    ]
    assert notes == []


def test_no_file_names_a_place_on_one_machine() -> None:
    place = re.compile(r"(?<![\w.<>])/(?:work|root|home|opt)" + r"/\w")
    named = [
        f"{_name(path)}:{number}"
        for path in _text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if place.search(line)
    ]
    assert named == []


def test_money_code_uses_no_floats() -> None:
    uses = [
        f"{_name(path)}: {use}"
        for path in _modules(EXACT_FOLDERS)
        if _name(path) not in FLOAT_MODULES
        for use in _float_uses(path)
    ]
    assert uses == []


def test_every_float_exception_is_still_needed() -> None:
    idle = [
        name
        for name in FLOAT_MODULES
        if (ROOT / name).exists() and not any(_float_uses(ROOT / name))
    ]
    assert idle == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("rate = 0.06", True),
        ("rate = float(text)", True),
        ("rate = np.float64(1)", True),
        ("rate = np.zeros(3, dtype='f8')", True),
        ("rate_ppm = 60_000", False),
        ("text = 'a float would be wrong here'", False),
    ],
)
def test_float_check_sees_each_kind_of_float(tmp_path: Path, source: str, found: bool) -> None:
    module = tmp_path / "sample.py"
    module.write_text(source, encoding="utf-8")
    assert any(_float_uses(module)) is found
