"""The `tongpin` command: one sub-command a module-level function; nothing heavy is imported here.

Exit codes: 0 done, 1 the input is at fault, 2 wrong usage, 3 the environment is at fault.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tongpin_cli.options import Json, Paths, Rules, Server, Store, Token
from tongpin_cli.output import EXIT_ENVIRONMENT, EXIT_INPUT, Layout, Output
from tongpin_cli.parameter_report import parameters
from tongpin_cli.publishing_commands import register
from tongpin_cli.reviewing import review_app
from tongpin_cli.test_command import test

app = typer.Typer(
    name="tongpin",
    help="Tongpin (同频): business events become balanced vouchers.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
token_app = typer.Typer(help="Principals and their tokens.", no_args_is_help=True)
report_app = typer.Typer(help="Reports as table, CSV or JSON.", no_args_is_help=True)
app.add_typer(token_app, name="token")
app.add_typer(report_app, name="report")
app.add_typer(review_app, name="review")
register(app)
report_app.command("parameters")(parameters)


def run() -> None:
    """Entrance of the console script: turns our errors into one sentence and an exit code."""
    from engine.errors import CallerError, TongpinError

    try:
        app()
    except CallerError as error:
        print(error.message, file=sys.stderr)
        sys.exit(EXIT_INPUT)
    except TongpinError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_ENVIRONMENT)
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(EXIT_ENVIRONMENT)
    except Exception as error:
        if type(error).__module__.startswith("tongpin_client"):
            if _is_unreachable(error):
                print(f"the server cannot be reached: {error}", file=sys.stderr)
                sys.exit(EXIT_ENVIRONMENT)
            print(error, file=sys.stderr)
            sys.exit(EXIT_INPUT)
        raise


def _is_unreachable(error: Exception) -> bool:
    code = getattr(getattr(error, "code", None), "name", "")
    return code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "UNAUTHENTICATED")


@app.command()
def demo(json: Json = False) -> None:
    """Run the main job in a temporary folder and say what to try next.

    Example: tongpin demo
    """
    from tongpin_cli.demo import run_demo

    run_demo(Output(json))


@app.command()
def serve(
    store: Annotated[str, typer.Option(help="Store URL; default a file in the data folder.")] = "",
    listen: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes a free one.")] = "",
    rules: Annotated[Path | None, typer.Option(help="Rule book to publish at start.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Written with the address.")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
    entity: Annotated[list[str] | None, typer.Option(help="Legal entity; repeatable.")] = None,
    metrics_listen: Annotated[str, typer.Option(help="HOST:PORT for Prometheus.")] = "",
) -> None:
    """Serve gRPC until stopped.

    Example: tongpin serve --rules rules/ --listen 127.0.0.1:50051
    """
    from tongpin_cli.service import run_service

    settings = {
        "store": store,
        "listen": listen,
        "rules": rules,
        "ready_file": ready_file,
        "data": data,
        "entities": tuple(entity or ()),
        "metrics_listen": metrics_listen,
    }
    raise typer.Exit(run_service({name: value for name, value in settings.items() if value}))


@app.command("new")
def new_book(
    folder: Annotated[Path, typer.Argument(help="Folder to make, or an empty one.")],
    lang: Annotated[str, typer.Option("--lang", help="Keywords in zh or en.")] = "zh",
    json: Json = False,
) -> None:
    """Begin a rule book: ledger, accounts, an event, a table, a rule and its tests.

    Example: tongpin new rules/ --lang en
    """
    from tongpin_cli.scaffolding import write_rulebook

    raise typer.Exit(write_rulebook(folder, lang, Output(json)))


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule folders or files.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the safe fixes before.")] = False,
    explain: Annotated[str, typer.Option(metavar="CODE", help="Show the page of a code.")] = "",
    json: Json = False,
) -> None:
    """Compile and check rule files; every diagnostic with code, position, suggestion.

    Example: tongpin check rules/
    """
    from tongpin_cli.checking import check_rules, explain_code

    if bool(paths) == bool(explain):
        raise typer.BadParameter("Missing argument: give rule folders or files, or --explain CODE")
    if explain:
        raise typer.Exit(explain_code(explain, Output(json)))
    raise typer.Exit(check_rules(paths or [], Output(json), fix=fix))


@app.command()
def fmt(
    paths: Paths,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if needed.")] = (
        False
    ),
    json: Json = False,
) -> None:
    """Lay out rule files in the one way there is; what they mean stays as it is.

    Example: tongpin fmt rules/
    """
    from tongpin_cli.formatting import format_files

    raise typer.Exit(format_files(paths, Output(json), only_check=check))


app.command()(test)


@app.command("try")
def try_event(
    event: Annotated[Path, typer.Argument(help="JSON file with one event, or - for stdin.")],
    rules: Annotated[Path | None, typer.Option(help="Folder of a rule book.")] = None,
    store: Store = "",
    json: Json = False,
) -> None:
    """Show what one event would become; nothing is stored.

    Example: tongpin try --rules rules/ event.json
    """
    from tongpin_cli.rules import try_one

    raise typer.Exit(try_one(event, rules, store, Output(json)))


@app.command()
def schema(
    rules: Rules,
    json_schema: Annotated[bool, typer.Option("--json-schema", help="JSON Schema.")] = False,
    arrow: Annotated[bool, typer.Option("--arrow", help="Arrow schema.")] = False,
) -> None:
    """Show the event types other systems send.

    Example: tongpin schema --rules rules/ --json-schema
    """
    from tongpin_cli.rules import show_schema

    raise typer.Exit(show_schema(rules, as_arrow=arrow and not json_schema))


@app.command()
def post(
    files: Annotated[list[Path], typer.Argument(help="Event files: .jsonl, .csv, .parquet.")],
    server: Server = "127.0.0.1:50051",
    token: Token = "",
    encoding: Annotated[str, typer.Option(help="Encoding of CSV files.")] = "utf-8",
    batch: Annotated[int, typer.Option(help="Events a message.", min=1, max=100_000)] = 1_000,
    json: Json = False,
) -> None:
    """Stream the events of files to a server; running it again goes on where it stopped.

    Example: tongpin post --server 127.0.0.1:50051 events.jsonl
    """
    from tongpin_cli.posting import post_files

    raise typer.Exit(post_files(files, (server, token), encoding, batch, Output(json)))


@app.command()
def replay(
    out: Annotated[Path, typer.Option("--out", help="Folder for the result files.")],
    rules: Annotated[Path | None, typer.Option("--rules", help="Rule book.")] = None,
    events: Annotated[list[Path] | None, typer.Option("--events", help="Event files.")] = None,
    store: Store = "",
    encoding: Annotated[str, typer.Option(help="Encoding of CSV files.")] = "utf-8",
    batch: Annotated[int, typer.Option(help="Events decided together.", min=1)] = 10_000,
    entity: Annotated[list[str] | None, typer.Option(help="Legal entity; repeatable.")] = None,
    json: Json = False,
) -> None:
    """Replay event files, or a store's own log, into files; no server needed.

    Example: tongpin replay --rules rules/ --events events.jsonl --out out/
    """
    from tongpin_cli.books import replay_files, replay_store

    if store:
        raise typer.Exit(replay_store(store, out, batch, Output(json)))
    if rules is None or not events:
        raise typer.BadParameter("give --rules and --events, or --store")
    raise typer.Exit(
        replay_files((rules, events, encoding), out, batch, tuple(entity or ()), Output(json))
    )


@app.command()
def impact(
    rules: Annotated[Path, typer.Option("--rules", help="Folder of the new revision.")],
    against: Annotated[
        Path | None, typer.Option("--against", help="Folder of the old revision.")
    ] = None,
    events: Annotated[list[Path] | None, typer.Option("--events", help="Event files.")] = None,
    store: Store = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files.")] = None,
    expect_none: Annotated[
        bool, typer.Option("--expect-none", help="Exit 1 if anything differs.")
    ] = False,
    valid_from: Annotated[str, typer.Option("--from", help="First business date it holds.")] = "",
    valid_until: Annotated[str, typer.Option("--until", help="Last business date it holds.")] = "",
    encoding: Annotated[str, typer.Option(help="Encoding of CSV files.")] = "utf-8",
    entity: Annotated[list[str] | None, typer.Option(help="Legal entity; repeatable.")] = None,
    json: Json = False,
) -> None:
    """Show what a new revision does to the same events: of files, or of a book's own log.

    With --store the old side is what the book decided under, unless --against names another.

    Example: tongpin impact --rules new/ --against old/ --events events.jsonl --out impact/
    """
    from tongpin_cli.impact import Sides, impact_of_files, impact_of_store

    sides = Sides(rules, against, valid_from, valid_until, out)
    if bool(store) == bool(events):
        raise typer.BadParameter("give --events, or --store")
    if store:
        raise typer.Exit(impact_of_store(sides, store, Output(json), expect_none=expect_none))
    if against is None or valid_from or valid_until:
        raise typer.BadParameter("--events needs --against, and no --from or --until")
    source = (events or [], encoding, tuple(entity or ()))
    raise typer.Exit(impact_of_files(sides, source, Output(json), expect_none=expect_none))


@app.command()
def export(store: Store, out: Annotated[Path, typer.Option("--out")], json: Json = False) -> None:
    """Write a store's vouchers and results as files, with digests.

    Example: tongpin export --store sqlite:///book.db --out out/
    """
    from tongpin_cli.books import export_store

    raise typer.Exit(export_store(store, out, Output(json)))


@app.command()
def explain(
    voucher: Annotated[str, typer.Option(help="Voucher name, C01/GL/2026-03/记/17.")] = "",
    event: Annotated[
        str, typer.Option(help="SOURCE/ID of an event; with --rules a JSON file with one.")
    ] = "",
    line: Annotated[int, typer.Option(help="Only this line of the voucher.", min=0)] = 0,
    why_not: Annotated[
        str, typer.Option("--why-not", metavar="RULE", help="What kept RULE from posting.")
    ] = "",
    rules: Annotated[Path | None, typer.Option("--rules", help="Rule book, for --why-not.")] = None,
    store: Store = "",
    server: Server = "",
    token: Token = "",
    json: Json = False,
) -> None:
    """Say why a voucher is as it is: each amount, account and dimension, back to the event.

    Exits 1 where what was recorded does not lead to the posted amounts. With --why-not it names
    the first condition that kept a rule from posting an event.

    Example: tongpin explain --voucher C01/GL/2026-03/记/1 --store sqlite:///book.db
    """
    from tongpin_cli.explaining import explain_one, explain_over
    from tongpin_cli.why_not import why_not_in_store, why_not_over, why_not_with_rules

    if bool(voucher) == bool(event) or (why_not and not event):
        raise typer.BadParameter("give --voucher or --event; --why-not needs --event")
    if server and (store or rules is not None):
        raise typer.BadParameter("give --server alone, without --store and --rules")
    wanted = (voucher, event, line)
    if server and why_not:
        raise typer.Exit(why_not_over((server, token), why_not, event, Output(json)))
    if server:
        raise typer.Exit(explain_over((server, token), wanted, Output(json)))
    if why_not and rules is not None:
        raise typer.Exit(why_not_with_rules(rules, why_not, event, Output(json)))
    if rules is not None:
        raise typer.BadParameter("--rules goes with --why-not")
    if why_not:
        raise typer.Exit(why_not_in_store(store, why_not, event, Output(json)))
    raise typer.Exit(explain_one(store, wanted, Output(json)))


@report_app.command("trial-balance")
def trial_balance(
    store: Store = "",
    server: Server = "",
    token: Token = "",
    entity: Annotated[str, typer.Option(help="Legal entity.")] = "",
    ledger: Annotated[str, typer.Option(help="Ledger.")] = "",
    period: Annotated[str, typer.Option(help="Period, 2026-03.")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="CSV.")] = False,
    json: Json = False,
) -> None:
    """Trial balance.

    Example: tongpin report trial-balance --store sqlite:///book.db --period 2026-03
    """
    from tongpin_cli.reports import show_trial_balance

    raise typer.Exit(
        show_trial_balance((store, server, token), (entity, ledger, period), Output(json), csv=csv)
    )


@report_app.command("budget")
def budget(
    store: Store = "",
    server: Server = "",
    token: Token = "",
    budget: Annotated[str, typer.Option(help="Name or wire name of a budget.")] = "",
    node: Annotated[str, typer.Option(help="A node and all below it.")] = "",
    period: Annotated[str, typer.Option(help="Period, such as 2026-03.")] = "",
    decisions: Annotated[bool, typer.Option("--decisions", help="What was decided there.")] = False,
    burn_down: Annotated[str, typer.Option(help="One node day by day; needs a store.")] = "",
    layout: Annotated[Layout, typer.Option("--format", help="How to print.")] = Layout.TABLE,
    json: Json = False,
) -> None:
    """Budgets: granted, reserved, committed, spent, available, and why.

    Example: tongpin report budget --store sqlite:///book.db --period 2026-03 --decisions
    """
    from tongpin_cli.budget_reports import Wanted, show_budgets, show_burn_down

    chosen = Layout.JSON if json else layout
    if burn_down:
        if server:
            raise typer.BadParameter("the course of a node is read from the log: give --store")
        raise typer.Exit(show_burn_down(store, burn_down, chosen))
    wanted = Wanted(budget, node, period, with_decisions=decisions)
    raise typer.Exit(show_budgets((store, server, token), wanted, chosen))


@app.command()
def verify(
    store: Store = "",
    against: Annotated[Path | None, typer.Option("--against", help="A sealed head.")] = None,
    json: Json = False,
) -> None:
    """Re-derive and check everything: chain, balance, numbers, balances, projected rows.

    Example: tongpin verify --store sqlite:///book.db
    """
    from tongpin_cli.books import verify_store

    raise typer.Exit(verify_store(store, against, Output(json)))


@app.command()
def seal(
    store: Store = "",
    out: Annotated[Path | None, typer.Option(help="File for the sealed head.")] = None,
    key: Annotated[Path | None, typer.Option(help="Signing key; made if missing.")] = None,
    json: Json = False,
) -> None:
    """Sign the head of the chain, to be kept outside.

    Example: tongpin seal --store sqlite:///book.db --out head.json
    """
    from tongpin_cli.books import seal_store

    raise typer.Exit(seal_store(store, out, key, Output(json)))


@app.command()
def status(store: Store = "", json: Json = False) -> None:
    """What someone on call asks first: position, revisions, waiting events.

    Example: tongpin status --store sqlite:///book.db
    """
    from tongpin_cli.books import show_status

    raise typer.Exit(show_status(store, Output(json)))


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="Name of the principal.")],
    role: Annotated[list[str], typer.Option("--role", help="Role; repeatable.")],
    budget_role: Annotated[
        list[str] | None,
        typer.Option("--budget-role", help='Role it may override budgets with; "*" = any.'),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Token file.")] = None,
    json: Json = False,
) -> None:
    """Add a principal and print its token, once.

    Example: tongpin token add crm --role poster
    """
    from tongpin_cli.tokens import add

    raise typer.Exit(add(name, (role, budget_role or []), file, Output(json)))


@token_app.command("list")
def token_list(
    file: Annotated[Path | None, typer.Option("--file", help="Token file.")] = None,
    json: Json = False,
) -> None:
    """List principals; tokens themselves are not kept.

    Example: tongpin token list
    """
    from tongpin_cli.tokens import show

    raise typer.Exit(show(file, Output(json)))


@token_app.command("revoke")
def token_revoke(
    name: Annotated[str, typer.Argument(help="Name of the principal.")],
    file: Annotated[Path | None, typer.Option("--file", help="Token file.")] = None,
    json: Json = False,
) -> None:
    """Revoke every token of a principal.

    Example: tongpin token revoke crm
    """
    from tongpin_cli.tokens import revoke

    raise typer.Exit(revoke(name, file, Output(json)))


if __name__ == "__main__":
    run()
