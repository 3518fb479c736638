"""Each chunk gets a summary, so that a year of a tag can be drawn without reading all of it.

A table of its own: a year of summaries lies together on a few pages, and chunks need not be written anew. Chunks of
before get theirs in the background.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The table is empty at first."""
    op.create_table(
        "summary",
        Column("key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("payload", LargeBinary, nullable=False),
    )
