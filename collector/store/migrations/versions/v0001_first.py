"""The first schema."""

from alembic import op
from sqlalchemy import BigInteger, Column, Date, Float, ForeignKey, Integer, LargeBinary, String, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables of the first schema."""
    _tags()
    _readings()
    _what_came()
    _files()
    _outbox()


def _tags() -> None:
    op.create_table(
        "tag",
        Column("id", Integer, primary_key=True),
        Column("name", String, nullable=False, unique=True),
        Column("device", String, nullable=False),
        Column("definition", String, nullable=False),
    )
    op.create_table(
        "device",
        Column("name", String, primary_key=True),
        Column("known_until_us", BigInteger, nullable=False),
    )
    op.create_table(
        "text", Column("id", Integer, primary_key=True), Column("text", String, nullable=False, unique=True)
    )


def _readings() -> None:
    op.create_table(
        "journal",
        Column("id", Integer, primary_key=True),
        Column("min_us", BigInteger, nullable=False),
        Column("max_us", BigInteger, nullable=False),
        Column("readings", Integer, nullable=False),
        Column("payload", LargeBinary, nullable=False),
    )
    op.create_table(
        "chunk",
        Column("key", Integer, primary_key=True),
        Column("span_s", Integer, nullable=False),
        Column("readings", Integer, nullable=False),
        Column("payload", LargeBinary, nullable=False),
    )
    op.create_table(
        "latest",
        Column("tag_id", Integer, ForeignKey("tag.id"), primary_key=True),
        Column("first_us", BigInteger, nullable=False),
        Column("time_us", BigInteger, nullable=False),
        Column("value", Float),
        Column("status", BigInteger, nullable=False),
        Column("received_us", BigInteger, nullable=False),
    )


def _what_came() -> None:
    op.create_table(
        "tally",
        Column("device", String, primary_key=True),
        Column("quarter_us", BigInteger, primary_key=True),
        Column("received", Integer, nullable=False),
    )
    op.create_table(
        "gap",
        Column("id", Integer, primary_key=True),
        Column("device", String, nullable=False),
        Column("tag", String, nullable=False),
        Column("start_us", BigInteger, nullable=False),
        Column("end_us", BigInteger),
        Column("cause", String, nullable=False),
        UniqueConstraint("device", "tag", "start_us"),
    )


def _files() -> None:
    op.create_table(
        "order_line",
        Column("order_id", String, primary_key=True),
        Column("line_id", String, primary_key=True),
        Column("recorded_us", BigInteger, primary_key=True),
        Column("product", String),
        Column("quantity", Float, nullable=False),
        Column("due_date", Date),
        Column("status", String, nullable=False),
        Column("request_date", Date),
        Column("first_promise_date", Date),
        Column("customer", String),
        Column("value", Float),
        Column("delivered_quantity", Float),
        Column("delivered_date", Date),
        Column("dated", Integer, nullable=False),
    )
    op.create_table(
        "delivery",
        Column("key", String, primary_key=True),
        Column("order_id", String, nullable=False),
        Column("line_id", String, nullable=False),
        Column("quantity", Float, nullable=False),
        Column("delivered_date", Date, nullable=False),
        Column("recorded_us", BigInteger, nullable=False),
        Column("delivery_id", String),
    )
    op.create_table(
        "quantity",
        Column("key", String, primary_key=True),
        Column("time_us", BigInteger, nullable=False),
        Column("work_unit", String, nullable=False),
        *(Column(name, Float) for name in ("produced", "good", "scrap", "rework", "inspected")),
        Column("product", String),
        Column("order", String),
        Column("reason", String),
        Column("recorded_us", BigInteger, nullable=False),
    )
    op.create_index("quantity_by_time", "quantity", ["time_us"])


def _outbox() -> None:
    op.create_table(
        "event",
        Column("id", Integer, primary_key=True),
        Column("time_us", BigInteger, nullable=False),
        Column("kind", String, nullable=False),
        Column("detail", String, nullable=False),
    )
    op.create_table(
        "change",
        Column("id", Integer, primary_key=True),
        Column("min_us", BigInteger, nullable=False),
        Column("max_us", BigInteger, nullable=False),
    )
    op.create_table(
        "report",
        Column("epoch", Integer, primary_key=True),
        Column("sequence", Integer, primary_key=True),
        Column("id", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("label", String, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("period_state", String, nullable=False),
        Column("state", String, nullable=False),
        Column("event", LargeBinary, nullable=False),
        Column("sha256", String, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("sent_us", BigInteger),
        Column("accepted_us", BigInteger),
        Column("reason", String),
        UniqueConstraint("epoch", "id"),
    )
