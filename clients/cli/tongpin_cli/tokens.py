"""`tongpin token`."""

from __future__ import annotations

from pathlib import Path

from server.config import ServerConfig
from server.principals import add_token, list_tokens, revoke_token
from tongpin_cli.output import EXIT_INPUT, EXIT_OK, Output


def _path(file: Path | None) -> Path:
    return file or ServerConfig().token_path


def add(name: str, roles: tuple[list[str], list[str]], file: Path | None, output: Output) -> int:
    """Adds a principal with (roles, budget roles); its token is shown once and never kept."""
    token = add_token(_path(file), name, roles[0], budget_roles=roles[1])
    output.text(token)
    output.note("keep this token: it is not stored and cannot be shown again")
    output.data({"name": name, "roles": roles[0], "budget_roles": roles[1], "token": token})
    return EXIT_OK


def show(file: Path | None, output: Output) -> int:
    """Lists principals."""
    entries = list_tokens(_path(file))
    output.table(
        ("name", "roles", "budget roles", "token id"),
        [
            (e.name, " ".join(sorted(e.roles)), " ".join(sorted(e.budget_roles)), e.token_id)
            for e in entries
        ],
    )
    output.data(
        [
            {
                "name": e.name,
                "roles": sorted(map(str, e.roles)),
                "budget_roles": sorted(e.budget_roles),
            }
            for e in entries
        ]
    )
    return EXIT_OK


def revoke(name: str, file: Path | None, output: Output) -> int:
    """Revokes all tokens of a principal."""
    count = revoke_token(_path(file), name)
    output.text(f"revoked {count} token(s) of {name}")
    output.data({"name": name, "revoked": count})
    return EXIT_OK if count else EXIT_INPUT
