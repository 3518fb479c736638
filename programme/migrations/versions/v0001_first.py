"""The first schema."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables of the first schema."""
    _reports()
    _values()
    _faults()


def _reports() -> None:
    op.create_table(
        "report",
        Column("plant", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("epoch", Integer, nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("sha256", String, nullable=False),
        Column("previous", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("label", String, nullable=False),
        Column("start_us", BigInteger, nullable=False),
        Column("end_us", BigInteger, nullable=False),
        Column("offset_min", Integer, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("state", String, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("received_us", BigInteger, nullable=False),
        Column("event", LargeBinary, nullable=False),
        UniqueConstraint("plant", "epoch", "sequence"),
    )
    op.create_index("report_by_period", "report", ["plant", "kind", "label", "revision"])
    op.create_table(
        "epoch",
        Column("plant", String, primary_key=True),
        Column("epoch", Integer, primary_key=True),
        Column("whole_to", Integer, nullable=False),
        Column("received_to", Integer, nullable=False),
    )


def _values() -> None:
    numbers = ("value", "numerator", "denominator")
    compared = ("baseline", "target", "improvement", "attainment", "savings")
    op.create_table(
        "kpi_value",
        *(Column(name, String, primary_key=True) for name in ("plant", "kind", "label", "scope", "kpi")),
        Column("revision", Integer, nullable=False),
        Column("state", String, nullable=False),
        Column("unit", String, nullable=False),
        *(Column(name, Float) for name in numbers),
        Column("coverage", Float, nullable=False),
        Column("grade", String, nullable=False),
        Column("reason", String),
        *(Column(name, Float) for name in compared),
    )


def _faults() -> None:
    op.create_table(
        "chain_break",
        Column("plant", String, primary_key=True),
        Column("epoch", Integer, primary_key=True),
        Column("sequence", Integer, primary_key=True),
        Column("expected", String, nullable=False),
        Column("found", String, nullable=False),
        Column("noticed_us", BigInteger, nullable=False),
    )
    op.create_table(
        "rejection",
        Column("plant", String, primary_key=True),
        Column("sha256", String, primary_key=True),
        Column("id", String),
        Column("epoch", Integer),
        Column("sequence", Integer),
        Column("reason", String, nullable=False),
        Column("copies", BigInteger, nullable=False),
        Column("first_us", BigInteger, nullable=False),
        Column("last_us", BigInteger, nullable=False),
    )
    op.create_index("rejection_by_sequence", "rejection", ["plant", "epoch", "sequence"])
