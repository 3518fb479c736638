"""Which tags does the store know, under which ids, and over which time is each known?"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, select, update

from collector.store import schema
from collector.store.chunk import DamagedRowError
from collector.store.latest import first_and_last
from plant.tag import CounterRules, Restarts, Role, Tag


@dataclass(frozen=True, slots=True)
class StoredTag:
    """A tag as the store has it: its id, device, meaning, and the time over which it is known (None: no reading).

    first_us, last_us: its first and last reading. known_until_us: that, or its device's last good poll or keep-alive.
    """

    id: int
    device: str
    tag: Tag
    first_us: int | None = None
    last_us: int | None = None
    known_until_us: int | None = None


def register(connection: Connection, tags: Iterable[tuple[str, Tag]]) -> dict[str, StoredTag]:
    """Give ids to tags (device, tag) that have none, store what the site file now says of them, return all by name."""
    known = stored_tags(connection)
    table = schema.tag
    for device, tag in tags:
        definition = _to_json(tag)
        if tag.name not in known:
            connection.execute(insert(table).values(name=tag.name, device=device, definition=definition))
        elif _to_json(known[tag.name].tag) != definition or known[tag.name].device != device:
            row = table.c.name == tag.name
            connection.execute(update(table).where(row).values(device=device, definition=definition))
    return stored_tags(connection)


def stored_tags(connection: Connection) -> dict[str, StoredTag]:
    """Every tag that the store knows, by name; also those that the site file no longer has.

    A tag is known until its last reading, or its device's last good poll or keep-alive.
    """
    rows = connection.exec_driver_sql(
        "select tag.id, tag.name, tag.device, tag.definition, device.known_until_us"
        " from tag left join device on device.name = tag.device order by tag.id"
    )
    ends = first_and_last(connection)
    found = {}
    for row in rows:
        first_us, last_us = ends.get(row.id, (None, None))
        known_until_us = None if last_us is None else max(last_us, row.known_until_us or last_us)
        tag = _from_json(row.definition)
        found[row.name] = StoredTag(row.id, row.device, tag, first_us, last_us, known_until_us)
    return found


def text_ids(connection: Connection, texts: Iterable[str]) -> dict[str, int]:
    """The id under which each text is stored, new ones included.

    A device may send what is no text, such as half a surrogate pair: that part is stored as a question mark, for a
    commit that fails on it would be tried again for ever, and all readings behind it would wait.
    """
    wanted = {text: text.encode("utf-8", "replace").decode("utf-8") for text in texts}
    stored = set(wanted.values())
    known = {row.text: row.id for row in connection.execute(select(schema.text)) if row.text in stored}
    for text in sorted(stored - known.keys()):
        known[text] = connection.execute(insert(schema.text).values(text=text).returning(schema.text.c.id)).scalar_one()
    return {text: known[said] for text, said in wanted.items()}


def texts(connection: Connection) -> dict[int, str]:
    """Every stored text by its id."""
    return {row.id: row.text for row in connection.execute(select(schema.text))}


def name_lost_texts(connection: Connection, ids: Iterable[int]) -> None:
    """Give texts that are lost a name, so that readings which have them are told apart still; others are left alone."""
    rows = [(lost, f"(lost text {lost})") for lost in ids]
    if rows:
        connection.exec_driver_sql("insert or ignore into text (id, text) values (?, ?)", rows)


def tag_row(stored: StoredTag) -> tuple[int, str, str, str]:
    """Id, name, device and definition of a tag, as its row has them."""
    return stored.id, stored.tag.name, stored.device, _to_json(stored.tag)


def _to_json(tag: Tag) -> str:
    fields = asdict(tag)
    fields["states"] = {str(number): name for number, name in tag.states.items()}
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


def is_definition(definition: str) -> bool:
    """Whether a text is the definition of a tag, as its row has it."""
    try:
        _from_json(definition)
    except DamagedRowError:
        return False
    return True


@lru_cache(maxsize=10_000)
def _from_json(definition: str) -> Tag:
    try:
        return _tag(json.loads(definition))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedRowError("definition of a tag") from None


def _tag(fields: dict[str, Any]) -> Tag:
    counter = fields.pop("counter")
    if counter is not None:
        counter = CounterRules(**{**counter, "restarts": Restarts(counter["restarts"])})
    fields["states"] = {int(number): name for number, name in fields["states"].items()}
    return Tag(**{**fields, "role": Role(fields["role"]), "counter": counter})
