"""`python -m benchmarks`: measures, prints a table or JSON; exit code 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from benchmarks import deciding, ingesting, serving
from benchmarks.experiments.column_commits import commits_vs_indexed_rows
from benchmarks.measure import Figure, Scale, environment

BENCHMARKS: dict[str, Callable[[Scale], list[Figure]]] = {
    **deciding.BENCHMARKS,
    **ingesting.BENCHMARKS,
    **serving.BENCHMARKS,
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
    figures = []
    for name in arguments.only or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        for figure in BENCHMARKS[name](Scale(arguments.quick)):
            figure.conditions |= {"quick": arguments.quick, **environment()}
            figures.append(figure)
            if not arguments.json:
                print(_shown(figure), flush=True)
    if arguments.json:
        print(json.dumps([figure.to_json() for figure in figures], ensure_ascii=False, indent=1))
    return 0


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
