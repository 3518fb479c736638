"""What is applied to the site file is kept, with the files before and after, so that it can be undone."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The table is empty at first."""
    op.create_table(
        "site_version",
        Column("id", Integer, primary_key=True),
        Column("recorded_us", BigInteger, nullable=False),
        *(Column(name, String, nullable=False) for name in ("by", "reason", "files", "sha256_before", "sha256_after")),
        Column("undoes", Integer),
    )
