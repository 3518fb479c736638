"""Stamps of readings that were taken together are stored once; chunks of before keep their own.

And places for what is damaged, for the epochs of reports, and for readings that come or go beside what devices bring.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String

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
    op.create_table(
        "damaged",
        Column("id", Integer, primary_key=True),
        Column("found_us", BigInteger, nullable=False),
        Column("row_of", String, nullable=False),
        Column("row_key", BigInteger, nullable=False),
        Column("readings", Integer, nullable=False),
        Column("reason", String, nullable=False),
        Column("payload", LargeBinary),
    )
    op.create_table(
        "epoch",
        Column("number", Integer, primary_key=True),
        Column("begun_us", BigInteger, nullable=False),
        Column("reason", String, nullable=False),
    )
    op.create_table(
        "total",
        Column("what", String, primary_key=True),
        Column("readings", BigInteger, nullable=False),
    )
    op.execute(  # what it has now was not counted: from here on it is
        "insert into total (what, readings) select 'before', stored - received from"
        " (select (select coalesce(sum(readings), 0) from chunk) + (select coalesce(sum(readings), 0) from journal)"
        " as stored, (select coalesce(sum(received), 0) from tally) as received) where stored != received"
    )
