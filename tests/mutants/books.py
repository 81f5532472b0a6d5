"""The rule books the study changes, compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.program import Program
from rules_dsl import syntax
from rules_dsl.compile import compile_rulebook
from rules_dsl.rulebooks import SERVICES
from rules_dsl.source import SourceFile
from rules_dsl.testing.edits import Texts
from server.rulebooks import read_assets, read_folder, read_sources

FOLDERS = {"services": SERVICES, "road_fines": Path(__file__).parents[1] / "road_fines" / "rules"}


@dataclass(frozen=True, eq=False)
class RuleBook:
    """A rule book that compiles; `texts`: what stands at a place of it."""

    name: str
    sources: list[SourceFile]
    assets: dict[str, bytes]
    files: tuple[syntax.File, ...]
    program: Program
    texts: Texts

    def all(self, kind: type[syntax.Declaration]) -> list[syntax.Declaration]:
        return [each for file in self.files for each in file.declarations if isinstance(each, kind)]


@cache
def rule_books() -> tuple[RuleBook, ...]:
    found = []
    for name, folder in FOLDERS.items():
        files = read_folder(folder)
        sources, assets = read_sources(files), read_assets(files)
        compiled = compile_rulebook(sources, assets=assets)
        assert compiled.program is not None
        texts = Texts(sources)
        found.append(RuleBook(name, sources, assets, compiled.files, compiled.program, texts))
    return tuple(found)
