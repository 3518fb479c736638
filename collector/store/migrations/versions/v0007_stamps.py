"""Stamps of readings that were taken together are stored once; chunks of before keep their own."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """In SQL of its own: Alembic would copy the whole table of chunks for a column that refers to another table."""
    op.execute(
        "create table stamp (id integer not null primary key, start_s bigint not null,"
        " digest blob not null unique, payload blob not null)"
    )
    op.execute("alter table chunk add column stamp integer references stamp (id)")
    op.execute("create index chunk_of_stamp on chunk (stamp) where stamp is not null")
