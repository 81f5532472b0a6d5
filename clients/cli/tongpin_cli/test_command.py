"""The options of `tongpin test`, and which of its modes they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tongpin_cli.output import Output


def test(
    paths: Annotated[list[Path], typer.Argument(help="Rule folders or files.")],
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Count what passing tests assert; list the rest.")
    ] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Try small slips; list those no test notices.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the choice of mutants.")] = 0,
    limit: Annotated[int, typer.Option(help="Mutants to try; 0 = all.", min=0)] = 200,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if a mutant survives.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Machine output: stdout is JSON only.")
    ] = False,
) -> None:
    """Run the `test` blocks of rule books.

    Example: tongpin test rules/ --coverage
    """
    if mutate:
        from tongpin_cli.mutating import MutantChoice, mutate_rules

        if coverage:
            raise typer.BadParameter("give --coverage or --mutate, not both")
        raise typer.Exit(
            mutate_rules(paths, MutantChoice(seed, limit), Output(json), strict=strict)
        )
    from tongpin_cli.testing import test_rules

    raise typer.Exit(test_rules(paths, Output(json), coverage=coverage))
