"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Machine output: stdout is JSON only.")]
Rules = Annotated[Path, typer.Option("--rules", help="Folder of a rule book.")]
Server = Annotated[str, typer.Option("--server", help="HOST:PORT of a running server.")]
Store = Annotated[str, typer.Option("--store", help="Store URL, e.g. sqlite:///book.db.")]
Token = Annotated[
    str, typer.Option("--token", envvar="TONGPIN_TOKEN", help="Token, if the server asks for one.")
]
Paths = Annotated[list[Path], typer.Argument(help="Rule folders or files.")]
