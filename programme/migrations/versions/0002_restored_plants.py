"""A plant that was restored from a backup makes reports again, under the same ids, in a newer epoch: both are kept."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, UniqueConstraint

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The epoch becomes part of a report's key; the number of an epoch may be as large as the seconds since 1970."""
    op.rename_table("report", "report_0001")
    op.drop_index("report_by_period", "report_0001")
    op.create_table(
        "report",
        Column("plant", String, primary_key=True),
        Column("epoch", BigInteger, primary_key=True),
        Column("id", String, primary_key=True),
        Column("sequence", Integer, nullable=False),
        *(Column(name, String, nullable=False) for name in ("sha256", "previous", "kind", "label")),
        *(Column(name, BigInteger, nullable=False) for name in ("start_us", "end_us")),
        *(Column(name, Integer, nullable=False) for name in ("offset_min", "revision")),
        Column("state", String, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in ("created_us", "received_us")),
        Column("event", LargeBinary, nullable=False),
        UniqueConstraint("plant", "epoch", "sequence"),
    )
    columns = (
        "plant, epoch, id, sequence, sha256, previous, kind, label, start_us, end_us, offset_min, revision, state,"
        " created_us, received_us, event"
    )
    op.execute(f"insert into report ({columns}) select {columns} from report_0001")
    op.drop_table("report_0001")
    op.create_index("report_by_period", "report", ["plant", "kind", "label", "revision"])
    for table in ("epoch", "chain_break", "rejection"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("epoch", existing_type=Integer(), type_=BigInteger())
