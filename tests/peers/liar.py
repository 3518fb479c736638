"""A Modbus device on a real socket or pseudo terminal that lies, and the judge of what a reader made of it.

It tells the truth or any other kind of answer (`lies.py`), dealt from a shuffled deck so that every kind has its turn,
and notes for each request what it said. The judge looks each value up there: it must be what the device told for the
request that was answered when the value was received, and whatever was told whole and in time must be there.
"""

import asyncio
import contextlib
import os
import random
import socket
import struct
import termios
import time
import tty
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from lies import Asked, End, Request, Stray, Wire, Worth, bit, crc_is_right, kinds, turned, word

FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
REMEMBERED = 200
LATEST = 1.7
"""On a serial line an answer comes within so many times the reader's patience or never: later, nobody could tell."""
DAMAGED_REQUEST = "a damaged request"
ENDS = (asyncio.IncompleteReadError, ConnectionError)


@dataclass(eq=False)
class Told:
    """A request, what was answered, and which tags the reader handed over from it.

    connection: its number. until_s: when the device next heard of the reader, by another request or by the end of the
    connection. excused: by chance noise left the check sum right, so that no reader could know.
    """

    request: Request
    kind: str
    worth: Worth
    asked_us: int
    asked_s: float
    connection: int = 0
    until_s: float | None = None
    excused: bool = False
    seen: set[int] = field(default_factory=set)

    def covers(self, tag) -> bool:
        if self.kind == DAMAGED_REQUEST:  # whatever it was
            return True
        first, end = self.request.address, self.request.address + self.request.count
        return self.request.function == FUNCTIONS[tag.table] and first <= tag.address and tag.address + tag.words <= end


@dataclass
class _Connection:
    """tainted: something else than the truth was said, so that a reader may give it up at any time."""

    number: int = 0
    tainted: bool = False
    mute: bool = False
    last: Told | None = None
    with_first: bytes = b""


@dataclass
class Liar:
    """All units behind a port of the loopback address, or one at the far end of a serial line.

    lies_share: of the requests that follow a true answer. deck: kinds that are still to be told; several devices may
    share one. noise: probability that a bit is turned, either way.
    undetectable: frames that noise turned into another one whose check sum is right.
    """

    wire: Wire
    seed: int
    patience_s: float
    lies_share: float = 0.5
    noise: float = 0.0
    serial: bool = False
    left_out: tuple[str, ...] = ()
    deck: list[str] = field(default_factory=list)
    honest: bool = False
    port: int = 0
    serial_port: str = ""
    generation: int = 0
    connections: int = 0
    undetectable: int = 0
    damaged: int = 0
    counts: Counter = field(default_factory=Counter)
    functions: Counter = field(default_factory=Counter)
    told: dict[int, deque] = field(default_factory=lambda: defaultdict(deque))
    _in_a_row: int = 0
    _strays: list[Stray] = field(default_factory=list)
    _tasks: set = field(default_factory=set)

    def __post_init__(self):
        self._chance = random.Random(self.seed)
        self._kinds = {
            name: found for name, found in kinds(self.wire, self.serial).items() if name not in self.left_out
        }
        self._earlier = deque(maxlen=8)

    @property
    def lies(self) -> int:
        return sum(count for name, count in self.counts.items() if self._kinds[name][0] is not Worth.TRUE)

    # What to say

    def _deal(self) -> str:
        plain = "the truth"
        if self.honest or len(self._earlier) < 4:
            return plain
        # Two lies in a row are enough to meet a reader in trouble; more would only make it wait.
        if self._in_a_row and self._chance.random() > (0.2 if self._in_a_row == 1 else 0.0):
            return plain
        if self._chance.random() > self.lies_share:
            return plain
        if not self.deck:
            self.deck += self._kinds
            self._chance.shuffle(self.deck)
        return self.deck.pop()

    def _note(self, request: Request, connection: _Connection) -> Told:
        now_s = time.monotonic()
        if connection.last is not None:
            connection.last.until_s = now_s
        kind = "silent from now on" if connection.mute else self._deal()
        worth = self._kinds[kind][0]
        if not connection.mute:
            self.counts[kind] += 1
            self._in_a_row = 0 if worth is Worth.TRUE else self._in_a_row + 1
        if connection.tainted and worth is Worth.TRUE:
            worth = Worth.MIXED
        told = Told(request, kind, worth, time.time_ns() // 1000, now_s, connection.number)
        connection.last = told
        connection.tainted = (
            self._kinds[kind][0] is not Worth.TRUE if self.serial else (connection.tainted or worth is not Worth.TRUE)
        )
        self.told[1 if self.serial else request.unit].append(told)  # noise may have changed the unit
        return told

    def _script(self, told: Told):
        request = told.request
        earlier = self._chance.choice(self._earlier) if self._earlier else request
        script = self._kinds[told.kind][1](Asked(self.wire, request, earlier, self._chance))
        self._earlier.append(request)
        return script

    def _next(self, transaction, unit, function, address, count) -> Request:
        self.generation += 1
        return Request(transaction, unit, function, address, count, self.generation)

    # Sockets

    @contextlib.asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        task, connection = asyncio.current_task(), _Connection(self.connections)
        self._tasks.add(task)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for stray in self._strays:
                connection.tainted = True
                if stray.at_once:
                    writer.write(stray.frame)
                else:
                    connection.with_first += stray.frame
            self._strays = []
            while True:
                told = self._note(await self._request(reader), connection)
                self.functions[told.request.function] += 1
                if not connection.mute:
                    await self._perform(self._script(told), connection, writer)
        except (*ENDS, asyncio.CancelledError):
            pass
        finally:
            if connection.last is not None:
                connection.last.until_s = time.monotonic()
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _request(self, reader) -> Request:
        if self.wire.rtu:
            return self._next(0, *struct.unpack(">BBHHxx", await reader.readexactly(8)))
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", await reader.readexactly(12))
        return self._next(transaction, unit, function, address, count)

    async def _perform(self, script, connection, writer):
        for step in script:
            match step:
                case bytes():
                    first, connection.with_first = connection.with_first, b""
                    writer.write(first + step)
                    await writer.drain()
                case float():
                    await asyncio.sleep(step * self.patience_s)
                case Stray():
                    self._strays.append(step)
                case End.MUTE:
                    connection.mute = True
                case End.HALF_CLOSE:
                    connection.mute = True
                    writer.write_eof()
                case End.CLOSE:
                    raise ConnectionError
                case End.RESET:
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                    raise ConnectionError

    # A serial line

    @contextlib.asynccontextmanager
    async def on_a_line(self):
        """Be at the far end of a serial line; `serial_port` is the near end."""
        loop = asyncio.get_running_loop()
        ours, theirs = os.openpty()
        tty.setraw(ours, termios.TCSANOW)
        os.set_blocking(ours, False)
        self.serial_port = os.ttyname(theirs)
        received, arrived, since_s = bytearray(), asyncio.Event(), deque()

        def readable():
            with contextlib.suppress(OSError):
                received.extend(os.read(ours, 4096))
            while len(since_s) < len(received) // 8:
                since_s.append(time.monotonic())
            arrived.set()

        loop.add_reader(ours, readable)
        task = asyncio.create_task(self._listen(ours, received, arrived, since_s))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            loop.remove_reader(ours)
            os.close(ours)
            os.close(theirs)

    async def _listen(self, line, received, arrived, since_s):
        connection = _Connection()
        while True:
            arrived.clear()
            if len(received) < 8:
                try:
                    async with asyncio.timeout(0.05 if received else None):
                        await arrived.wait()
                except TimeoutError:
                    received.clear()  # half a request: whoever sent it has given up
                continue
            frame = self._through_noise(bytes(received[:8]))
            del received[:8]
            latest_s = since_s.popleft() + LATEST * self.patience_s
            told = self._note(self._next(0, *struct.unpack(">BBHHxx", frame)), connection)
            if not crc_is_right(frame):
                told.worth, told.kind = Worth.FALSE, DAMAGED_REQUEST
                connection.tainted = True
                continue
            self.functions[told.request.function] += 1
            for step in self._script(told):
                if time.monotonic() > latest_s:
                    told.worth, told.kind, connection.tainted = Worth.FALSE, "not in time", True
                    break
                if isinstance(step, bytes):
                    sent = self._through_noise(step)
                    if sent != step and told.worth is Worth.TRUE:
                        told.worth, told.kind = Worth.FALSE, "a damaged answer"
                        connection.tainted = True
                        told.excused = crc_is_right(sent)
                        self.undetectable += told.excused
                    os.write(line, sent)
                    await asyncio.sleep(0)
                elif isinstance(step, float):
                    await asyncio.sleep(step * self.patience_s)

    def _through_noise(self, frame: bytes) -> bytes:
        if not self.noise:
            return frame
        bits = sum(self._chance.random() < self.noise for _ in range(8 * len(frame)))
        self.damaged += bits > 0
        return turned(frame, self._chance, bits)


class Pulse:
    """When did this process stand still, so that patience ran out for no fault of the reader's? Of the last minutes."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._stalls = deque(maxlen=100)

    async def beat(self):
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(self._longest_s / 4)
            if (now_s := time.monotonic()) - before_s > self._longest_s:
                self._stalls.append((before_s, now_s))

    def stood_still(self, start_s: float, end_s: float) -> bool:
        return any(before_s < end_s and now_s > start_s for before_s, now_s in self._stalls)


class Judge:
    """Holds what a reader hands over against what the device told it.

    wrong: values that the device did not tell for the request that they came from. missing: true answers that never
    became values though the reader had not run out of patience; late: those for which it had, or this process stood
    still. samples: function, address and count of requests that only ask whether the device is there.
    """

    def __init__(self, liar: Liar, tags, pulse: Pulse | None = None, unit: int = 1) -> None:
        self.liar, self.tags, self._pulse, self._unit = liar, tags, pulse, unit
        self._told = liar.told[unit]
        self.wrong, self.missing = [], []
        self.samples: set[tuple[int, int, int]] = set()
        self.values = self.true = self.late = 0

    def take(self, handover) -> None:
        batch = handover.batch
        if batch is not None:
            columns = zip(batch.tags.tolist(), batch.times_us.tolist(), batch.values.tolist(), strict=True)
            for (row, time_us, value), status in zip(columns, batch.status.tolist(), strict=True):
                self._value(row, time_us, value, status)
        while len(self._told) > REMEMBERED:
            self._forget(self._told.popleft())

    def _value(self, row, time_us, value, status) -> None:
        bad = status & 0x80000000 != 0
        if bad:
            if value == value:
                self.wrong.append((self.tags[row].name, value, "a value under a Bad status"))
            return
        self.values += 1
        tag = self.tags[row]
        # What was asked on a connection that the reader has given up may be heard after the first of the next one.
        asked = [one for one in self._told if one.asked_us <= time_us and one.covers(tag)]
        told = max(asked, key=lambda one: (one.connection, one.asked_us), default=None)
        if told is not None and (told.excused or self._nobody_could_tell(told, tag, value)):
            return
        if told is None or told.worth is Worth.FALSE or value != expected(tag, told.request.generation, self._unit):
            self.wrong.append((tag.name, value, told and told.kind, told and told.request))
        else:
            told.seen.add(row)

    def _nobody_could_tell(self, told: Told, tag, value) -> bool:
        """Whether this process stood still, so that on a serial line an earlier answer came later than it ever may, or
        the truth that was told last was taken up only when the next request was already on its way."""
        if self._pulse is None or value == expected(tag, told.request.generation, self._unit):
            return False
        if not self.liar.serial and not self._is_truth_before(told, tag, value):
            return False
        if not self._pulse.stood_still(told.asked_s - 4 * self.liar.patience_s, time.monotonic()):
            return False
        self.late += 1
        return True

    def _is_truth_before(self, told: Told, tag, value) -> bool:
        """Whether the answer before was true, has this value, and has not been taken up yet."""
        earlier = [one for one in self._told if one.asked_us < told.asked_us and one.covers(tag)]
        if not earlier or earlier[-1].worth is not Worth.TRUE or self.tags.index(tag) in earlier[-1].seen:
            return False
        return value == expected(tag, earlier[-1].request.generation, self._unit)

    def _forget(self, told: Told) -> None:
        if told.worth is not Worth.TRUE:
            return
        self.true += 1
        if len(told.seen) == sum(told.covers(tag) for tag in self.tags):
            return
        if (told.request.function, told.request.address, told.request.count) in self.samples:
            return
        patience_s = self.liar.patience_s
        until_s = time.monotonic() if told.until_s is None else told.until_s
        stalled = self._pulse is not None and self._pulse.stood_still(told.asked_s - patience_s, until_s)
        if stalled or until_s - told.asked_s > 0.7 * patience_s:
            self.late += 1
        else:
            self.missing.append((told.kind, told.request, round(until_s - told.asked_s, 4), sorted(told.seen)))

    def end(self, known_until_us: int) -> None:
        """No more is to come: judge what was asked before the last poll that was handed over."""
        while self._told:
            told = self._told.popleft()
            if told.asked_us < known_until_us:
                self._forget(told)


def expected(tag, generation: int, unit: int) -> float:
    function = FUNCTIONS[tag.table]
    if function in (1, 2):
        return float(bit(function, tag.address, generation, unit))
    words = [word(function, tag.address + at, generation, unit) for at in range(tag.words)]
    if tag.order == "CDAB":
        words.reverse()
    number = 0
    for one in words:
        number = number << 16 | one
    if tag.bit is not None:
        return float(number >> tag.bit & 1)
    return float(number)
