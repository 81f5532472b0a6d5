"""The tables of a store, as the newest migration leaves them; migrations are what creates them."""

from __future__ import annotations

import sqlalchemy as sa

#: The newest migration in `engine/log/store/migrations/versions`.
HEAD_REVISION = "0001"

metadata = sa.MetaData()

#: The books that live in this database.
book = sa.Table(
    "book",
    metadata,
    sa.Column("book_id", sa.Text, primary_key=True),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
)

#: The log: one row a commit; the primary key alone decides who appends.
log_commit = sa.Table(
    "log_commit",
    metadata,
    sa.Column("book_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("header", sa.LargeBinary, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
    sa.Column("payload_digest", sa.LargeBinary, nullable=False),
)

#: Keys of personal data. The only rows of a store that are ever deleted.
subject_key = sa.Table(
    "subject_key",
    metadata,
    sa.Column("book_id", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
)
