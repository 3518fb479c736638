"""Deliveries and quantities keep their versions; readings that were replaced, corrections, and elements get tables."""

from alembic import op
from sqlalchemy import BigInteger, Column, Date, Float, Index, Integer, LargeBinary, String

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A version of a delivery or quantity is known by its key and when it was recorded."""
    for table in ("delivery", "quantity", "change"):
        op.rename_table(table, f"{table}_before")
    op.drop_index("quantity_by_time", "quantity_before")
    _versions()
    for table in ("delivery", "quantity", "change"):
        op.execute(f"insert into {table} select * from {table}_before")
        op.drop_table(f"{table}_before")
    _beside_the_readings()


def _versions() -> None:
    op.create_table(
        "delivery",
        Column("key", String, primary_key=True),
        Column("order_id", String, nullable=False),
        Column("line_id", String, nullable=False),
        Column("quantity", Float, nullable=False),
        Column("delivered_date", Date, nullable=False),
        Column("recorded_us", BigInteger, primary_key=True),
        Column("delivery_id", String),
    )
    op.create_table(
        "quantity",
        Column("key", String, primary_key=True),
        Column("time_us", BigInteger, nullable=False),
        Column("work_unit", String, nullable=False),
        *(Column(amount, Float) for amount in ("produced", "good", "scrap", "rework", "inspected")),
        *(Column(name, String) for name in ("product", "order", "reason")),
        Column("recorded_us", BigInteger, primary_key=True),
        Index("quantity_by_time", "time_us"),
    )
    op.create_table(
        "change",
        Column("id", Integer, primary_key=True),
        Column("min_us", BigInteger, nullable=False),
        Column("max_us", BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )


def _beside_the_readings() -> None:
    op.create_table(
        "replaced",
        Column("id", Integer, primary_key=True),
        Column("tag_id", Integer, nullable=False),
        Column("replaced_us", BigInteger, nullable=False),
        Column("min_us", BigInteger, nullable=False),
        Column("max_us", BigInteger, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Index("replaced_by_tag", "tag_id", "replaced_us"),
    )
    op.create_table(
        "correction",
        Column("id", Integer, primary_key=True),
        Column("kind", String, nullable=False),
        Column("recorded_us", BigInteger, nullable=False),
        Column("by", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("detail", String, nullable=False),
    )
    op.create_table(
        "element",
        Column("work_unit", String, primary_key=True),
        Column("start_us", BigInteger, primary_key=True),
        Column("end_us", BigInteger, primary_key=True),
        Column("settings", String, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Index("element_by_end", "end_us"),
    )
