"""Which tables does a programme's store have? Every key is led by the plant; all times are UTC microseconds."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

metadata = MetaData()

report = Table(
    "report",
    metadata,
    Column("plant", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),  # a restored plant makes a report again in a newer one
    Column("id", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("label", String, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger, nullable=False),
    Column("offset_min", Integer, nullable=False),  # the plant's offset from UTC at the end of the period
    Column("revision", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("event", LargeBinary, nullable=False),  # canonical form (RFC 8785), signature included
    UniqueConstraint("plant", "epoch", "sequence"),
    Index("report_by_period", "plant", "kind", "label", "revision"),
)

epoch = Table(
    "epoch",
    metadata,
    Column("plant", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("whole_to", Integer, nullable=False),  # every sequence up to it is known
    Column("received_to", Integer, nullable=False),
)

kpi_value = Table(  # of the newest report of each period: of its newest epoch, the newest revision
    "kpi_value",
    metadata,
    Column("plant", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("scope", String, primary_key=True),
    Column("kpi", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("value", Float),
    Column("numerator", Float),
    Column("denominator", Float),
    Column("coverage", Float, nullable=False),
    Column("grade", String, nullable=False),
    Column("reason", String),
    Column("baseline", Float),
    Column("target", Float),
    Column("improvement", Float),
    Column("attainment", Float),
    Column("savings", Float),
)

chain_break = Table(  # a report whose `previous` is not the hash of the one before
    "chain_break",
    metadata,
    Column("plant", String, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("expected", String, nullable=False),
    Column("found", String, nullable=False),
    Column("noticed_us", BigInteger, nullable=False),
)

rejection = Table(
    "rejection",
    metadata,
    Column("plant", String, primary_key=True),  # by the topic
    Column("sha256", String, primary_key=True),
    Column("id", String),
    Column("epoch", BigInteger),  # epoch and sequence only of a report that is proven to be the plant's
    Column("sequence", Integer),
    Column("reason", String, nullable=False),
    Column("copies", BigInteger, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Index("rejection_by_sequence", "plant", "epoch", "sequence"),
)
