"""Checks that a wheel holds the same shipped files as the checkout, and nothing of the tests."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

# Folder in the checkout -> folder in the wheel, as in [tool.hatch.build.targets.wheel].
SHIPPED = {
    "engine": "engine",
    "rules_dsl": "rules_dsl",
    "server": "server",
    "proto/tongpin": "tongpin",
    "clients/python/tongpin_client": "tongpin_client",
    "clients/cli/tongpin_cli": "tongpin_cli",
}


def expected_files(root: Path) -> set[str]:
    """Lists what the wheel should hold, apart from its own metadata."""
    return {
        f"{target}/{path.relative_to(root / source).as_posix()}"
        for source, target in SHIPPED.items()
        for path in (root / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def main() -> int:
    """Compares one wheel with the checkout and prints every difference."""
    root = Path(__file__).resolve().parent.parent
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = expected_files(root)
    for name in sorted(expected - held):
        print(f"missing from the wheel: {name}")
    for name in sorted(held - expected):
        print(f"does not belong in the wheel: {name}")
    return int(held != expected)


if __name__ == "__main__":
    sys.exit(main())
