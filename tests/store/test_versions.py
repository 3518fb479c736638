"""Orders, deliveries and hand-counted quantities as they were known at an instant."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from collector.store import orders
from collector.store.merging import Written
from collector.store.store import MIGRATIONS, SCHEMA_VERSION, migrate, transaction, version, writing
from plant.as_of import AsOf
from plant.order import Delivery, OrderLine
from plant.quantity import Quantity

DAY = date(2026, 11, 10)
LINE = OrderLine("A", "1", "P", 100.0, DAY, 1000)
SHIPPED = Delivery("A", "1", 40.0, DAY, 1000)
COUNTED = Quantity("k", 500, "press1", scrap=3.0)


def _quantities(connection: Connection, as_of_us: int | None = None) -> list[float]:
    as_of = None if as_of_us is None else AsOf(as_of_us)
    return [item.quantity for item in orders.all_deliveries(connection, as_of)]


def test_a_delivery_is_known_from_after_it_was_recorded(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        versions = [(SHIPPED, True), (replace(SHIPPED, quantity=60.0, recorded_us=2000), True)]
        assert orders.save_deliveries(connection, versions) == Written(2, 0)
        assert [_quantities(connection, us) for us in (1000, 1001, 2000, 2001)] == [[], [40.0], [40.0], [60.0]]
        assert _quantities(connection) == [60.0]


def test_a_delivery_that_says_the_same_again_is_nothing_new(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        orders.save_deliveries(connection, [(SHIPPED, False)])
        assert orders.save_deliveries(connection, [(replace(SHIPPED, recorded_us=2000), False)]) == Written(0, 1)
        assert orders.save_deliveries(connection, [(SHIPPED, True)]) == Written(0, 1)
        other = replace(SHIPPED, quantity=50.0)
        assert orders.save_deliveries(connection, [(other, True)]) == Written(1, 0)
        assert _quantities(connection) == _quantities(connection, 1001) == [50.0]


def test_one_save_may_hold_the_same_version_twice_and_the_last_counts(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        orders.save_deliveries(connection, [(SHIPPED, False), (replace(SHIPPED, quantity=50.0), False)])
        assert _quantities(connection) == [50.0]


def test_quantities_are_known_from_after_their_import(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        assert orders.save_quantities(connection, [COUNTED], 1000) == Written(1, 0)
        assert orders.save_quantities(connection, [COUNTED], 2000) == Written(0, 1)
        assert orders.save_quantities(connection, [replace(COUNTED, scrap=4.0)], 3000) == Written(1, 0)
        found = [orders.all_quantities(connection, AsOf(us)) for us in (1000, 3000, 3001, 9000)]
        assert [[item.scrap for item in items] for items in found] == [[], [3.0], [4.0], [4.0]]


def test_lines_have_their_versions_from_the_oldest_to_the_newest(tmp_path: Path) -> None:
    promised_again = replace(LINE, due_date=date(2026, 11, 20), recorded_us=2000)
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        orders.save_order_lines(connection, [(promised_again, True), (LINE, True)])
        assert orders.order_lines(connection) == [[LINE, promised_again]]


ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=8)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(ROWS, st.integers(0, 7))
def test_what_is_known_is_the_newest_dated_version_in_whatever_order_they_came(
    rows: list[tuple[str, int, int]], as_of_us: int
) -> None:
    # One content for each key and time: two of them would leave it to the order of arrival.
    told = {(key, us): float(quantity) for key, us, quantity in rows}
    items = [(replace(SHIPPED, delivery_id=key, quantity=told[key, us], recorded_us=us), True) for key, us in told]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        migrate(connection)
        for item in items:
            orders.save_deliveries(connection, [item])
        assert orders.save_deliveries(connection, reversed(items)) == Written(0, len(items))
        found = {item.delivery_id: item.quantity for item in orders.all_deliveries(connection, AsOf(as_of_us))}
    engine.dispose()
    before = sorted((us, key) for key, us in told if us < as_of_us)
    assert found == {key: told[key, us] for us, key in before}


def test_a_store_of_the_first_schema_keeps_its_deliveries_and_quantities(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    _make_first_schema(path)
    with writing(path) as connection:
        assert version(connection) == SCHEMA_VERSION
        assert orders.all_deliveries(connection) == [SHIPPED, replace(SHIPPED, delivery_id="d1")]
        assert orders.all_quantities(connection) == [COUNTED]
        assert orders.all_quantities(connection, AsOf(700)) == []
        connection.rollback()
        with transaction(connection):
            corrected = replace(SHIPPED, quantity=45.0, recorded_us=5000)
            assert orders.save_deliveries(connection, [(corrected, False)]) == Written(1, 0)
            assert orders.save_quantities(connection, [COUNTED], 5000) == Written(0, 1)
        assert _quantities(connection) == [45.0, 40.0]
        assert _quantities(connection, 5000) == [40.0, 40.0]


def _make_first_schema(path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        made = Config()
        made.set_main_option("script_location", str(MIGRATIONS))
        made.attributes["connection"] = connection
        command.upgrade(made, "0001")
        assert version(connection) == "0001"
        for row in ("'line:A\x1f1\x1f2026-11-10', 'A', '1', 40, '2026-11-10', 1000, null",
                    "'id:d1', 'A', '1', 40, '2026-11-10', 1000, 'd1'"):  # fmt: skip
            connection.exec_driver_sql(f"insert into delivery values ({row})")
        connection.exec_driver_sql(
            "insert into quantity (key, time_us, work_unit, scrap, recorded_us) values ('k', 500, 'press1', 3, 700)"
        )
        connection.commit()
    engine.dispose()
