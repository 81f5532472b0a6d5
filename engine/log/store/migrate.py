"""Brings the schema of a store to what this version knows, and refuses a newer one."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from engine.errors import StoreError
from engine.log.store.schema import HEAD_REVISION

_MIGRATIONS = Path(__file__).parent / "migrations"


def schema_revision(connection: sa.Connection) -> str | None:
    """The migration at which the database stands, None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(connection: sa.Connection) -> None:
    """Runs the missing migrations inside the caller's transaction.

    Raises:
        StoreError: the database was written by a newer version.
    """
    found = schema_revision(connection)
    if found == HEAD_REVISION:
        return
    # Imported here: almost every opening finds the schema up to date and needs no alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(newer_schema(found))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD_REVISION)


def newer_schema(found: str) -> str:
    """The text that refuses a database of a newer version."""
    return (
        f"the store has schema {found}, this version of Tongpin knows schemas up to "
        f"{HEAD_REVISION}; open it with the version that wrote it or a newer one"
    )
