"""The journal is gathered by tag, and the hours that are to be merged are found without looking at every chunk.

Rows of before have no bounds, as if just committed: the daemon gathers them when it starts.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """No row is written anew."""
    op.add_column("journal", Column("first_tag", BigInteger))
    op.add_column("journal", Column("last_tag", BigInteger))
    op.create_index("journal_by_tag", "journal", ["first_tag", "last_tag", "min_us", "max_us", "readings"])
    op.create_index("chunk_of_an_hour", "chunk", ["key"], sqlite_where=text("span_s = 3600"))
