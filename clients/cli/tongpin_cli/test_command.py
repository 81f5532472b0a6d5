"""The options of `tongpin test`, and which of its modes they ask for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tongpin_cli.output import Output


def test(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule folders or files.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Count what passing tests assert; list the rest.")
    ] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Try small slips; list those no test notices.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the choice of mutants.")] = 0,
    limit: Annotated[int, typer.Option(help="Mutants to try; 0 = all.", min=0)] = 200,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if a mutant survives.")] = False,
    from_event: Annotated[
        str, typer.Option(metavar="SOURCE/ID", help="Make a test from an event of --store.")
    ] = "",
    store: Annotated[str, typer.Option("--store", help="Store URL, sqlite:///book.db.")] = "",
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Rule book the made test is for.")
    ] = None,
    into: Annotated[Path | None, typer.Option("--into", help="File to add it to.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again on every change.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Machine output: stdout is JSON only.")
    ] = False,
) -> None:
    """Run the `test` blocks of rule books; measure them, or make one from an event.

    Examples: tongpin test rules/ --coverage
    | tongpin test --from-event default/INV-1 --store sqlite:///book.db --into rules/sales.tp
    """
    output = Output(json)
    if sum((coverage, mutate, bool(from_event))) > 1:
        raise typer.BadParameter("give one of --coverage, --mutate and --from-event")
    if bool(paths) == bool(from_event):
        raise typer.BadParameter("Missing argument: give rule folders or files, or --from-event")
    if from_event:
        from tongpin_cli.transcribing import transcribe

        raise typer.Exit(transcribe(from_event, store, rules, into, output))
    chosen = paths or []
    if mutate:
        from tongpin_cli.mutating import MutantChoice, mutate_rules

        run = partial(mutate_rules, chosen, MutantChoice(seed, limit), output, strict=strict)
    else:
        from tongpin_cli.testing import test_rules

        run = partial(test_rules, chosen, output, coverage=coverage)
    if watch:
        from tongpin_cli.watching import watch as watch_files

        raise typer.Exit(watch_files(chosen, run, output))
    raise typer.Exit(run())
