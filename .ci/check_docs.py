"""Checks that links in the documents resolve and that the commands they show exist."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FENCE = re.compile(r"^```(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)
SHELLS = {"", "sh", "bash", "shell", "console"}
HELP_SECONDS = 60


def anchors(text: str) -> set[str]:
    """Gives the fragment names of the headings, made the way code hosts make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+\s+(.*?)\s*#*$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


def broken_links(document: Path) -> list[str]:
    """Lists links to files or headings that are not there; leaves web addresses alone."""
    text = document.read_text(encoding="utf-8")
    problems = []
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path_text, _, fragment = unquote(target).partition("#")
        path = (document.parent / path_text).resolve() if path_text else document
        if not path.is_relative_to(ROOT) or not path.exists():
            problems.append(f"{document.name}: link to {target}, which is not there")
        elif (
            fragment
            and path.suffix == ".md"
            and fragment.lower() not in anchors(path.read_text(encoding="utf-8"))
        ):
            problems.append(f"{document.name}: link to {target}, a heading that is not there")
    return problems


def shown_commands(document: Path) -> list[list[str]]:
    """Lists the commands in the shell blocks of a document, split into words."""
    commands = []
    for block in FENCE.finditer(document.read_text(encoding="utf-8")):
        if block["language"] not in SHELLS:
            continue
        for line in block["body"].replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||;|(?<!\|)\|(?!\|)", line.removeprefix("$ ")):
                try:
                    words = shlex.split(part, comments=True)
                except ValueError:
                    continue
                if words:
                    commands.append(words)
    return commands


def missing_command(words: list[str]) -> str | None:
    """Says what is wrong with one of our own commands; other programs are not ours to check."""
    program = Path(words[0]).name
    if program == "tongpin":
        options = {word.split("=")[0] for word in words[1:] if word.startswith("--")}
        names = [word for word in words[1:2] if not word.startswith("-")]
        shown = subprocess.run(
            [sys.executable, "-c", "from tongpin_cli.main import run; run()", *names, "--help"],
            capture_output=True,
            text=True,
            timeout=HELP_SECONDS,
            check=False,
            # Wide enough that help never cuts or wraps an option's name.
            env={
                **os.environ,
                "COLUMNS": "240",
                "NO_COLOR": "1",
                "TERM": "dumb",
                "PYTHONUTF8": "1",
            },
        )
        if shown.returncode != 0:
            return f"tongpin {' '.join(names)} --help fails"
        unknown = sorted(option for option in options if option not in shown.stdout)
        return f"tongpin {' '.join(names)} has no {', '.join(unknown)}" if unknown else None
    if program in {"python", "python3"} and words[1:2] == ["-m"] and len(words) > 2:
        return None if importlib.util.find_spec(words[2]) else f"no module {words[2]}"
    scripts = words[1:2] if program in {"bash", "sh"} else words[:1]
    for script in scripts:
        if script.startswith((".ci/", "./")) and not (ROOT / script).is_file():
            return f"no script {script}"
    return None


def main() -> int:
    """Checks every document that exists and prints each problem on one line."""
    sys.path[:0] = [str(ROOT)]
    problems = []
    for document in (ROOT / name for name in DOCUMENTS):
        if not document.exists():
            print(f"{document.name}: not there yet, so not checked")
            continue
        problems += broken_links(document)
        for words in shown_commands(document):
            if problem := missing_command(words):
                problems.append(f"{document.name}: shows `{' '.join(words)}`, but {problem}")
    print("\n".join(problems) if problems else "links resolve and commands exist")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
