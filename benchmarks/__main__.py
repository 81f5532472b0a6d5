"""`python -m benchmarks`: measures, prints a table or JSON; exit code 1 if one of them fails.

A target that is missed is printed as such and is no failure: the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator

from benchmarks import budgeting, check_time, checking, deciding, ingesting, serving
from benchmarks.experiments.column_commits import commits_vs_indexed_rows
from benchmarks.measure import Figure, Scale, environment

BENCHMARKS: dict[str, Callable[[Scale], Iterable[Figure]]] = {
    **deciding.BENCHMARKS,
    **ingesting.BENCHMARKS,
    **serving.BENCHMARKS,
    **budgeting.BENCHMARKS,
    **checking.BENCHMARKS,
    **check_time.BENCHMARKS,
    "commits_vs_indexed_rows": commits_vs_indexed_rows,
}


def main() -> int:
    """Runs the benchmarks asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=sorted(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print a list of figures as JSON")
    parser.add_argument("--quick", action="store_true", help="small sizes, three runs: no figures")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(BENCHMARKS))
        return 0
    figures: list[Figure] = []
    try:
        for figure in measured(arguments.only or list(BENCHMARKS), Scale(arguments.quick)):
            figures.append(figure)
            if not arguments.json:
                print(_shown(figure), flush=True)
    finally:  # what was measured is not lost, whatever stops us
        if arguments.json:
            print(
                json.dumps([figure.to_json() for figure in figures], ensure_ascii=False, indent=1)
            )
    failed = [figure.name for figure in figures if "error" in figure.conditions]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def measured(names: Iterable[str], scale: Scale) -> Iterator[Figure]:
    """The figures of benchmarks by name; of one that fails, what it has, and that it failed."""
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            for figure in BENCHMARKS[name](scale):
                figure.conditions |= {"quick": scale.quick, **environment()}
                yield figure
        except Exception as error:  # noqa: BLE001 - the others are still worth having
            traceback.print_exc()
            known = {"error": f"{type(error).__name__}: {error}", **environment()}
            yield Figure(name, None, None, None, "failed", "", "", known)


def _shown(figure: Figure) -> str:
    verdict = "" if figure.met is None else ("  met" if figure.met else "  NOT MET")
    target = "" if figure.target is None else f"  target {figure.target}"
    ratio = "" if figure.ratio is None else f"  ratio {figure.ratio} ({figure.spread})"
    lines = [f"{figure.name}:{ratio}{target}{verdict}"]
    lines.append(f"    ours {figure.ours} · reference {figure.reference}")
    lines += [f"    {key}: {value}" for key, value in figure.conditions.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
