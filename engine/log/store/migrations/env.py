"""What alembic runs for each migration: on the caller's connection, inside its transaction."""

from __future__ import annotations

from alembic import context

from engine.log.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
