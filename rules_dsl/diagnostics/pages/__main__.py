"""`python -m rules_dsl.diagnostics.pages`: the pages on disk, written or compared."""

from __future__ import annotations

import argparse
import sys

from rules_dsl.diagnostics.pages.writing import FOLDER, written_pages


def main() -> int:
    """Writes the pages, or names those that are not fresh and gives 1."""
    parser = argparse.ArgumentParser(prog="python -m rules_dsl.diagnostics.pages")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--write", action="store_true", help="write the pages anew")
    wanted.add_argument("--check", action="store_true", help="say which pages are not fresh")
    arguments = parser.parse_args()
    pages = written_pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*pages, *there} if pages.get(name) != there.get(name))
    if arguments.write:
        FOLDER.mkdir(exist_ok=True)
        for name in stale:
            if name in pages:
                (FOLDER / name).write_text(pages[name], encoding="utf-8", newline="\n")
            else:
                (FOLDER / name).unlink()
        return 0
    lines = [f"{name} is not what would be written" for name in stale] or ["the pages are fresh"]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
