"""`tongpin test --from-event`: a test block made from an event of a book."""

from __future__ import annotations

from pathlib import Path

from engine.book import Book
from engine.calls import StoredEventView
from engine.errors import CallerError
from rules_dsl.keyword_language import main_language
from rules_dsl.testing import transcribe_event
from server.rulebooks import Files, read_assets, read_folder, read_sources
from tongpin_cli.books import open_for_reading
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output
from tongpin_cli.testing import show_failure


def transcribe(name: str, store: str, rules: Path | None, into: Path | None, output: Output) -> int:
    """Prints a test made from an event, or adds it to a rule file, if it passes.

    Args:
        name: SOURCE/ID of the event, or its ID where the source is the default one.
        store: the book that holds it.
        rules: the rule book the test is for; None = the revision the event was decided under.
        into: the file it is added to.
        output: where it is printed.
    """
    source, _, event_id = name.rpartition("/")
    book = open_for_reading(store)
    try:
        event = book.event(source, event_id)
        files = read_folder(rules) if rules is not None else _published(book, event)
        sources = read_sources(files)
        spoken = "\n".join(each.text for each in sources)
        if into is not None and into.exists():
            spoken = into.read_text(encoding="utf-8")
        text, result = transcribe_event(
            book, event, (sources, read_assets(files)), main_language(spoken)
        )
    finally:
        book.close()
    output.data({"event": name, "test": text, "passed": result.passed, "message": result.message})
    if not result.passed:
        output.text(text)
        output.text("the test does not pass, so it is not complete or the rules have changed:")
        show_failure(result, output)
        return EXIT_INPUT
    if into is None:
        output.text(text.rstrip())
        return EXIT_OK
    old = into.read_text(encoding="utf-8") if into.exists() else ""
    joint = "\n" if old.endswith("\n") else "\n\n"
    with into.open("a", encoding="utf-8", newline="") as stream:
        stream.write(f"{joint}{text}" if old else text)
    output.text(f"added to {into}")
    return EXIT_OK


def _published(book: Book, event: StoredEventView) -> Files:
    """The files of the revision an event was decided under."""
    found = [each for each in book.revisions() if each.revision == event.revision]
    if not found or not found[-1].files:
        raise CallerError("RULES", "the rules of this event are not in the store; give --rules")
    return list(found[-1].files)
