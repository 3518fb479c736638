"""Which tables does the store have? All times are UTC microseconds; a tag's readings are in journal and chunk."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as text_clause

metadata = MetaData()

tag = Table(
    "tag",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("device", String, nullable=False),
    Column("definition", String, nullable=False),  # JSON of plant.tag.Tag, as the site file last had it
)

device = Table(
    "device",
    metadata,
    Column("name", String, primary_key=True),
    Column("known_until_us", BigInteger, nullable=False),  # last good poll or keep-alive
    Column("position", String),  # JSON of connectors.opcua_resumption.Position: from where reading goes on
)

text = Table(
    "text",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", String, nullable=False, unique=True),
)

journal = Table(  # readings of one commit, or gathered ones of neighbouring tags
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("min_us", BigInteger, nullable=False),
    Column("max_us", BigInteger, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("first_tag", BigInteger),  # bounds of the ids of tags in it; null: one commit's, not in `latest` yet
    Column("last_tag", BigInteger),
    Index("journal_by_tag", "first_tag", "last_tag", "min_us", "max_us", "readings"),
)

chunk = Table(
    "chunk",
    metadata,
    Column(
        "key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True
    ),  # (tag id << 40) + first second + 2^39
    Column("span_s", Integer, nullable=False),  # 3600 or 86400
    Column("readings", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("stamp", Integer, ForeignKey("stamp.id")),  # where the stamps of the readings are; null: in payload
    Index("chunk_of_an_hour", "key", sqlite_where=text_clause("span_s = 3600")),  # those that are to be merged
    Index("chunk_of_stamp", "stamp", sqlite_where=text_clause("stamp is not null")),
)

stamp = Table(  # when readings were taken, once for all tags that were read together
    "stamp",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("start_s", BigInteger, nullable=False),  # of the hour or day
    Column("digest", LargeBinary, nullable=False, unique=True),  # of payload: BLAKE2b, 16 bytes
    Column("payload", LargeBinary, nullable=False),
)

summary = Table(  # of a chunk: its quarter hours, or the changes of a state or text; empty: the chunk is as small
    "summary",
    metadata,
    Column("key", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # as of the chunk
    Column("payload", LargeBinary, nullable=False),
)

damaged = Table(  # rows that could not be read and were set aside, so that all else goes on
    "damaged",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("found_us", BigInteger, nullable=False),
    Column("row_of", String, nullable=False),  # the table it was in
    Column("row_key", BigInteger, nullable=False),  # its key or id there
    Column("readings", Integer, nullable=False),  # how many it was said to hold
    Column("reason", String, nullable=False),
    Column("payload", LargeBinary),  # as it was found; null: not even that could be read
)

epoch = Table(  # of reports: a store that was restored begins a new one
    "epoch",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("begun_us", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
)

total = Table(  # readings that came in or went out beside those in `tally`, so that all can be accounted for
    "total",
    metadata,
    Column("what", String, primary_key=True),  # imported, repeated, replaced, forgotten, damaged
    Column("readings", BigInteger, nullable=False),
)

latest = Table(  # the newest reading of each tag, and the time of its first
    "latest",
    metadata,
    Column("tag_id", Integer, ForeignKey("tag.id"), primary_key=True),
    Column("first_us", BigInteger, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("value", Float),
    Column("status", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
)

tally = Table(  # readings received from a device by quarter hour of receipt, repeats included
    "tally",
    metadata,
    Column("device", String, primary_key=True),
    Column("quarter_us", BigInteger, primary_key=True),
    Column("received", Integer, nullable=False),
)

gap = Table(
    "gap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("tag", String, nullable=False),  # empty: the whole device
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("cause", String, nullable=False),
    UniqueConstraint("device", "tag", "start_us"),
)

order_line = Table(
    "order_line",
    metadata,
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
    Column("dated", Integer, nullable=False),  # 1: the file gave recorded_date; 0: the time of import counts
)

delivery = Table(  # every version by when it was recorded: the newest counts
    "delivery",
    metadata,
    Column("key", String, primary_key=True),
    Column("order_id", String, nullable=False),
    Column("line_id", String, nullable=False),
    Column("quantity", Float, nullable=False),
    Column("delivered_date", Date, nullable=False),
    Column("recorded_us", BigInteger, primary_key=True),
    Column("delivery_id", String),
)

quantity = Table(  # every version by when it was recorded: the newest counts
    "quantity",
    metadata,
    Column("key", String, primary_key=True),
    Column("time_us", BigInteger, nullable=False),
    Column("work_unit", String, nullable=False),
    Column("produced", Float),
    Column("good", Float),
    Column("scrap", Float),
    Column("rework", Float),
    Column("inspected", Float),
    Column("product", String),
    Column("order", String),
    Column("reason", String),
    Column("recorded_us", BigInteger, primary_key=True),
    Index("quantity_by_time", "time_us"),
)

replaced = Table(  # readings that an import with --replace took out, for the views of before
    "replaced",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tag_id", Integer, nullable=False),
    Column("replaced_us", BigInteger, nullable=False),
    Column("min_us", BigInteger, nullable=False),
    Column("max_us", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("replaced_by_tag", "tag_id", "replaced_us"),
)

correction = Table(  # what people signed off beside the readings; rows are only ever added
    "correction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # meter, lot, order, revoke
    Column("recorded_us", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", String, nullable=False),  # JSON of plant.correction
)

element = Table(  # what a work unit did over a closed stretch of time, worked out from readings; may be deleted
    "element",
    metadata,
    Column("work_unit", String, primary_key=True),
    Column("start_us", BigInteger, primary_key=True),
    Column("end_us", BigInteger, primary_key=True),
    Column("settings", String, nullable=False),  # hash of the settings that it was worked out under
    Column("payload", LargeBinary, nullable=False),
    Index("element_by_end", "end_us"),
)

event = Table(  # what happened to the collector itself: starts, stops, clock steps, restarted tasks
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("time_us", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", String, nullable=False),
)

change = (
    Table(  # times whose readings, quantities or orders changed after the fact; reports of them are looked at again
        "change",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("min_us", BigInteger, nullable=False),
        Column("max_us", BigInteger, nullable=False),
        sqlite_autoincrement=True,  # a number is never given twice
    )
)

report = Table(  # the outbox: a report stays pending until the programme's ack
    "report",
    metadata,
    Column("epoch", Integer, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("label", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("period_state", String, nullable=False),  # provisional, final, restated
    Column("state", String, nullable=False),  # pending, accepted, rejected
    Column("event", LargeBinary, nullable=False),
    Column("sha256", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("sent_us", BigInteger),
    Column("accepted_us", BigInteger),
    Column("reason", String),
    UniqueConstraint("epoch", "id"),
)

site_version = Table(  # what was applied to the site file and its tag lists; rows are only ever added
    "site_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recorded_us", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("files", String, nullable=False),  # JSON: name, content before and after
    Column("sha256_before", String, nullable=False),  # of the site file
    Column("sha256_after", String, nullable=False),
    Column("undoes", Integer),  # the version that this one takes back
)
