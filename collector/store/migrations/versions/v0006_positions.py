"""A device has a position: from where its connector goes on after a restart."""

from alembic import op
from sqlalchemy import Column, String

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """No device has one yet."""
    op.add_column("device", Column("position", String))
