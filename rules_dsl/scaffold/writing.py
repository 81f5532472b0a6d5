"""Making the files of a new rule book, in either keyword language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from importlib import resources

from rules_dsl.keywords import TERMINALS, Language
from rules_dsl.limits import MAX_NAME_CHARS
from rules_dsl.source import RULE_SUFFIX, SourceFile

# The names the books here have, and the keyword before them.
_OWN_NAMES: Mapping[Language, str] = {
    Language.ENGLISH: "rulebook example",
    Language.CHINESE: "规则册 例册",
}


def new_rulebook(name: str, language: Language) -> list[SourceFile]:
    """Gives the files of a new rule book, named after the folder it will stand in."""
    own = _OWN_NAMES[language]
    keyword, example = own.split()
    named = f"{keyword} {_name_from(name) or example}"
    folder = resources.files("rules_dsl.scaffold").joinpath(language.value)
    return [
        SourceFile(file.name, file.read_text(encoding="utf-8").replace(own, named))
        for file in sorted(folder.iterdir(), key=lambda each: each.name)
        if file.name.endswith(RULE_SUFFIX)
    ]


def _name_from(text: str) -> str:
    """The nearest name of the language to the name of a folder, "" where none is near."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text))
    name = "_".join(words)[:MAX_NAME_CHARS]
    return "" if not name or name[0].isdigit() or name in TERMINALS else name
