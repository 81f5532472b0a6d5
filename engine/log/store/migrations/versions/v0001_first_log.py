"""The first log: books, commits, keys of personal data; triggers keep commits as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEEP = """
CREATE TRIGGER log_commit_no_{verb} BEFORE {verb} ON log_commit
BEGIN SELECT RAISE(ABORT, 'log_commit: a commit is never changed or deleted'); END
"""

# Also stops INSERT OR REPLACE, which deletes without firing a delete trigger.
_FOLLOW = """
CREATE TRIGGER log_commit_follows BEFORE INSERT ON log_commit
WHEN NEW.seq <> 1 + coalesce((SELECT max(seq) FROM log_commit WHERE book_id = NEW.book_id), 0)
BEGIN SELECT RAISE(ABORT, 'log_commit: a commit follows the last one'); END
"""


def upgrade() -> None:
    """Creates the tables and triggers."""
    op.create_table(
        "book",
        sa.Column("book_id", sa.Text, primary_key=True),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_commit",
        sa.Column("book_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("payload_digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "subject_key",
        sa.Column("book_id", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_KEEP.format(verb=verb))
        op.execute(_FOLLOW)
