"""The compiler: rule files in, a program or diagnostics out; the order of its passes is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.program import Program, Rule, Span
from rules_dsl import syntax
from rules_dsl.chart import MAX_CSV_BYTES, csv_places, lower_charts
from rules_dsl.checks import CHECKS, CheckInput, Usage
from rules_dsl.diagnostics.codes import diagnose
from rules_dsl.diagnostics.model import Diagnostic, Severity
from rules_dsl.keywords import spellings_of
from rules_dsl.limits import MAX_BOOK_CHARS, MAX_FILES
from rules_dsl.lower.account_sets import lower_account_sets
from rules_dsl.lower.book import Book
from rules_dsl.lower.budgets import lower_budgets
from rules_dsl.lower.events import lower_basics, lower_events
from rules_dsl.lower.parameters import lower_parameters
from rules_dsl.lower.records import lower_records, lower_targets
from rules_dsl.lower.rules import lower_rules
from rules_dsl.lower.tables import lower_tables
from rules_dsl.lower.tests import check_tests
from rules_dsl.names import Symbols, collect_names
from rules_dsl.parse import parse_file
from rules_dsl.reporting import Reporter
from rules_dsl.revision import LANGUAGE_VERSION, revision_of
from rules_dsl.source import SourceFile, read_rulebook, split_lines

#: Findings that need all rules: with one left out, what only it uses would seem unused.
_NEED_ALL_RULES = frozenset({"TP204", "TP406", "TP601", "TP604"})


@dataclass(frozen=True, slots=True)
class CompileResult:
    """What compiling gives.

    Attributes:
        program: the compiled rule book, None where a diagnostic is an error.
        files: the syntax trees, as far as they parsed.
        diagnostics: in the order of files and places.
        usage: which declarations, lets and fields the rules use.
    """

    program: Program | None
    files: tuple[syntax.File, ...]
    diagnostics: tuple[Diagnostic, ...]
    usage: Usage


@dataclass(slots=True)
class Compilation:
    """A rule book on its way through the passes; each fills in what the next ones need."""

    sources: Sequence[SourceFile]
    assets: Mapping[str, bytes]
    report: Reporter
    files: tuple[syntax.File, ...] = ()
    broken: frozenset[str] = frozenset()
    book: Book = field(default_factory=lambda: Book(Symbols()))
    charts: dict[str, tuple[syntax.AccountDecl, ...]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    complete: bool = True
    usage: Usage = field(default_factory=Usage)
    program: Program | None = None
    found: list[Diagnostic] = field(default_factory=list)


def compile_rulebook(
    sources: Sequence[SourceFile], *, assets: Mapping[str, bytes] | None = None
) -> CompileResult:
    """Compiles a rule book; mistakes of its author are diagnostics, never exceptions.

    Args:
        sources: the rule files.
        assets: other files of the rule book (charts as CSV) by their path in it.
    """
    report = Reporter({source.path: source.text for source in sources})
    compilation = Compilation(sources, assets or {}, report)
    for run in PASSES:
        run(compilation)
    diagnostics = sorted([*compilation.found, *report.diagnostics], key=_place)
    has_errors = any(each.severity is Severity.ERROR for each in diagnostics)
    return CompileResult(
        None if has_errors else compilation.program,
        compilation.files,
        tuple(diagnostics),
        compilation.usage,
    )


def load_and_compile(path: str | Path) -> CompileResult:
    """Reads a rule book's folder, or one file, with the charts it names, and compiles it.

    Raises:
        OSError: the folder or a rule file cannot be read.
    """
    sources = read_rulebook(path)
    root = Path(path) if Path(path).is_dir() else Path(path).parent
    return compile_rulebook(sources, assets=read_assets(root, sources))


def read_assets(root: Path, sources: Sequence[SourceFile]) -> dict[str, bytes]:
    """Reads the files that the charts of a rule book name, as far as they are there."""
    assets: dict[str, bytes] = {}
    openings = tuple(spellings_of(("CHART",)))
    for source in sources:
        if not any(line.startswith(openings) for line in split_lines(source.text)):
            continue
        for each in parse_file(source.path, source.text).file.declarations:
            if not isinstance(each, syntax.ChartDecl) or not each.csv:
                continue
            for place in csv_places(each):
                found = root / place
                if found.is_file():
                    with found.open("rb") as stream:
                        assets[place] = stream.read(MAX_CSV_BYTES + 1)
    return assets


# --- The passes --------------------------------------------------------------------------


def _parse(compilation: Compilation) -> None:
    """Text to syntax trees."""
    files: list[syntax.File] = []
    broken: set[str] = set()
    chars = 0
    for count, source in enumerate(compilation.sources, start=1):
        chars += len(source.text)
        if count > MAX_FILES or chars > MAX_BOOK_CHARS:
            limit = f"{MAX_FILES} files" if count > MAX_FILES else f"{MAX_BOOK_CHARS} characters"
            message = f"the rule book has more than {limit}; this file is not read"
            compilation.found.append(diagnose("TP101", _top(source.path), message))
            compilation.complete = False
            break
        parsed = parse_file(source.path, source.text)
        files.append(parsed.file)
        broken |= parsed.broken
        compilation.found += parsed.diagnostics
    compilation.files = tuple(files)
    compilation.broken = frozenset(broken)
    if any(each.severity is Severity.ERROR for each in compilation.found):
        compilation.complete = False


def _names(compilation: Compilation) -> None:
    """Declarations by name; names declared twice."""
    symbols = collect_names(compilation.files, compilation.report, broken=compilation.broken)
    compilation.book = Book(symbols)
    if not symbols.ledgers and compilation.complete:
        path = compilation.files[0].path if compilation.files else ""
        compilation.report.error(
            "TP201",
            _top(path),
            "the rule book declares no ledger",
            help="write a line such as: ledger 法定账 is GL currency CNY",
        )


def _declarations(compilation: Compilation) -> None:
    """Declarations to the tables of the program."""
    book, report = compilation.book, compilation.report
    lower_basics(book, report)
    compilation.charts = lower_charts(book, compilation.assets, report)
    lower_account_sets(book, report)
    lower_events(book, report)
    lower_records(book, report)
    lower_parameters(book, report)
    lower_targets(book, report)
    lower_budgets(book, report)
    lower_tables(book, report)


def _rules(compilation: Compilation) -> None:
    """Rules to nodes: types, units, bounds; the names in tests."""
    compilation.rules, complete = lower_rules(compilation.book, compilation.report)
    compilation.complete = compilation.complete and complete
    check_tests(compilation.book, compilation.files, compilation.report)
    book = compilation.book
    compilation.usage = Usage(
        declarations=frozenset(book.used),
        lets={name: frozenset(lets) for name, lets in book.used_lets.items()},
        fields={name: frozenset(used) for name, used in book.used_fields.items()},
    )


def _assemble(compilation: Compilation) -> None:
    """Everything to one program."""
    book = compilation.book
    compilation.program = Program(
        revision=revision_of(compilation.files, compilation.charts),
        language_version=LANGUAGE_VERSION,
        name=book.symbols.name,
        ledgers=tuple(book.ledgers),
        dimensions=tuple(book.dimensions),
        accounts=tuple(book.accounts),
        event_types=tuple(book.event_types),
        tables=tuple(book.tables),
        records=tuple(book.records),
        targets=tuple(book.targets),
        balances=tuple(book.balances),
        ledger_lists=tuple(book.ledger_lists),
        rules=tuple(compilation.rules),
        codes={code.name: tuple(code.wires.values()) for code in book.codes.values()},
        code_names={
            code.name: {wire: name for name, wire in code.wires.items()}
            for code in book.codes.values()
        },
        budgets=tuple(book.budgets),
        parameters=tuple(book.parameters),
    )


def _check(compilation: Compilation) -> None:
    """What the program must be shown to keep: balance, tables without overlap, dates."""
    if compilation.program is None or not compilation.book.ledgers:
        return
    checked = CheckInput(
        compilation.program,
        compilation.files,
        compilation.usage,
        word=compilation.report.word,
    )
    complete = compilation.complete and not compilation.report.errors
    for check in CHECKS:
        compilation.found += [
            each for each in check(checked) if complete or each.code not in _NEED_ALL_RULES
        ]


#: The passes, in order.
PASSES: tuple[Callable[[Compilation], None], ...] = (
    _parse,
    _names,
    _declarations,
    _rules,
    _assemble,
    _check,
)


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return (span.file, span.line, span.column, diagnostic.code)


def _top(path: str) -> Span:
    return Span(path, 1, 1, 1, 2)
