"""`tongpin explain --why-not`: the first condition that kept a rule from posting an event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.book import Book
from engine.errors import MalformedInput
from engine.explain_sources import RuleSources
from engine.explain_tree import ExplainedStep
from engine.explain_why_not import WhyNotAnswer, why_not_posted, why_not_tried
from server.rulebooks import compile_files, read_folder
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_OK, Output

if TYPE_CHECKING:
    import tongpin_client

    Answer = WhyNotAnswer | tongpin_client.WhyNotAnswer
    Step = ExplainedStep | tongpin_client.ExplainedStep


def why_not_in_store(store: str, rule: str, event: str, output: Output) -> int:
    """Asks about a stored event, SOURCE/ID."""
    source, _, event_id = event.rpartition("/")
    book = open_for_reading(store)
    try:
        answer = why_not_posted(book, rule, source, event_id)
    finally:
        book.close()
    return show_why_not(answer, output)


def why_not_with_rules(rules: Path, rule: str, event: str, output: Output) -> int:
    """Asks about an event in a JSON file, under a rule folder and an empty book."""
    files = read_folder(rules)
    parsed = _read_event(Path(event))
    book = Book.in_memory([compile_files(files)])
    return show_why_not(why_not_tried(book, rule, parsed, RuleSources(files)), output)


def why_not_over(where: tuple[str, str], rule: str, event: str, output: Output) -> int:
    """Asks a server about a stored event, SOURCE/ID, or one in a JSON file; (address, token)."""
    from tongpin_client import Client

    server, token = where
    source, _, event_id = event.rpartition("/")
    with Client(server, token=token or None) as client:
        if event.endswith(".json"):
            answer = client.why_not(rule, event=_read_event(Path(event)))
        else:
            answer = client.why_not(rule, source=source, event_id=event_id)
    return show_why_not(answer, output)


def _read_event(path: Path) -> dict[str, object]:
    try:
        parsed = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise MalformedInput("MALFORMED", f"{path} is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise MalformedInput("MALFORMED", f"{path} holds no event; write one JSON object")
    return parsed


def show_why_not(answer: Answer, output: Output) -> int:
    """Prints an answer."""
    event = f"{answer.source}/{answer.event_id}"
    output.text(f"{answer.rule} ({answer.place}), {event}: {answer.message}")
    for condition in answer.conditions:
        for line in _lines(condition, 1):
            output.text(line)
    output.data(
        {
            "rule": answer.rule,
            "place": answer.place,
            "source": answer.source,
            "event_id": answer.event_id,
            "revision": answer.revision,
            "why": str(answer.why),
            "message": answer.message,
            "conditions": [each.to_json() for each in answer.conditions],
            "vouchers": list(answer.vouchers),
        }
    )
    return EXIT_OK


def _lines(step: Step, depth: int) -> Iterator[str]:
    name = step.text or step.name
    yield f"{'  ' * depth}{name} = {step.value}  ({step.place})"
    for part in step.parts:
        if part.text != step.text:
            yield from _lines(part, depth + 1)
