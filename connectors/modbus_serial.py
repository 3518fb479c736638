"""How are requests answered on a serial line, or through a gateway that passes serial frames on? By pymodbus.

The library's own retries, reconnects and decoding are off: after a time-out or a doubtful answer a late answer could be
taken for the next one, so such a connection is closed and a new one is opened in its place.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import DecodePDU, ModbusPDU

from config.devices import ModbusDevice
from connectors.device_health import Cause, cause_of
from connectors.modbus_check import Answer, Doubt, Refused, check_answer
from connectors.modbus_connection import (
    BAD_COMMUNICATION_ERROR,
    LinkError,
    Pace,
    SilentError,
    Take,
    UnbelievableError,
    UnreachableLineError,
)
from connectors.modbus_frame import Request

_PARITIES = {"none": "N", "even": "E", "odd": "O"}
_LIBRARY_TIMEOUT_S = 3600.0
"""The library's own time-out of a request never comes into play; ours does."""


class _RawAnswer(ModbusPDU):
    """An answer as it came; body: the bytes behind the function code."""

    body = b""


class _RawAnswers(DecodePDU):
    """Leaves every answer undecoded: the library forgives wrong byte counts and drops the connection, with a
    traceback, on a function code that it does not know."""

    def decode(self, frame: bytes) -> ModbusPDU:
        answer = _RawAnswer()
        answer.function_code, answer.body = frame[0], bytes(frame[1:])
        return answer


class SerialConnection:
    """One connection for RTU frames (`connectors.modbus_connection.Connection`); they carry no transaction ids."""

    answers_have_ids: bool | None = False

    def __init__(self, device: ModbusDevice, timeout_s: float) -> None:
        self._client = _client(device, timeout_s, self._on_connection, self._on_packet)
        self._client.ctx.framer.decoder = _RawAnswers(False)
        self._lost: asyncio.Future[LinkError] = asyncio.get_running_loop().create_future()
        self._asking = False

    async def connect(self) -> None:
        """Open the port or the connection, resolving the name anew. Raises UnreachableLineError."""
        create, why, cause = self._client.ctx.call_create, "no answer to the attempt to connect", Cause.NO_ANSWER

        async def create_and_say_why_not() -> object:
            nonlocal why, cause
            try:
                return await create()
            except Exception as error:  # OSError, UnicodeError of a host's name, termios.error of a serial port
                why, cause = f"cannot connect: {getattr(error, 'strerror', None) or error}", cause_of(error)
                raise ConnectionError(why) from None

        # The library logs why it could not connect and returns False.
        self._client.ctx.call_create = create_and_say_why_not
        if not await self._client.connect():
            self.close()
            raise UnreachableLineError(why, cause)
        self._client.ctx.comm_params.timeout_connect = _LIBRARY_TIMEOUT_S

    @property
    def is_lost(self) -> bool:
        return self._lost.done()

    async def run(self, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        """See `Connection`; one request after the other."""
        try:
            for row, request in enumerate(requests):
                if row and pace.request_pause_s:
                    await asyncio.sleep(pace.request_pause_s)
                if self._lost.done():
                    raise self._lost.result()
                sent_s = time.monotonic()
                data = _checked(request, await self._answer(request, pace.answer_timeout_s))
                if not take(row, data, time.time_ns() // 1000, time.monotonic() - sent_s):
                    break
        except BaseException:
            self.close()
            raise

    async def _answer(self, request: Request, timeout_s: float) -> ModbusPDU:
        self._asking = True
        answer = asyncio.ensure_future(self._ask(request))
        try:
            # The library lets a request wait for its whole time-out when the connection ends meanwhile.
            either: set[asyncio.Future[Any]] = {answer, self._lost}
            await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if self._lost.done():
                raise self._lost.result()
            raise SilentError(request, timeout_s)
        except ModbusException as error:
            raise LinkError(str(error), BAD_COMMUNICATION_ERROR) from None
        finally:
            self._asking = False
            answer.cancel()

    async def _ask(self, request: Request) -> ModbusPDU:
        """The only four requests that this system can send; all of them read."""
        client, block = self._client, request.block
        match block.table:
            case "coil":
                return await client.read_coils(block.address, count=block.count, device_id=request.unit)
            case "discrete":
                return await client.read_discrete_inputs(block.address, count=block.count, device_id=request.unit)
            case "holding":
                return await client.read_holding_registers(block.address, count=block.count, device_id=request.unit)
            case "input":
                return await client.read_input_registers(block.address, count=block.count, device_id=request.unit)

    def _on_connection(self, connected: bool) -> None:
        if not connected:
            self._lose("connection closed by the device")

    def _on_packet(self, sending: bool, data: bytes) -> bytes:
        if not sending and not self._asking:
            self._lose("bytes that nobody asked for")
        return data

    def _lose(self, reason: str) -> None:
        if not self._lost.done():
            self._lost.set_result(LinkError(reason, BAD_COMMUNICATION_ERROR))

    def close(self) -> None:
        """See `Connection`."""
        self._lose("connection closed")
        self._client.close()


def _client(device: ModbusDevice, timeout_s: float, on_connection: Any, on_packet: Any) -> ModbusBaseClient:
    if device.transport == "rtu":
        return AsyncModbusSerialClient(
            device.serial_port or "",
            framer=FramerType.RTU,
            baudrate=device.baudrate,
            parity=_PARITIES[device.parity],
            stopbits=device.stopbits,
            reconnect_delay=0,
            retries=0,
            timeout=timeout_s,
            trace_connect=on_connection,
            trace_packet=on_packet,
        )
    return AsyncModbusTcpClient(
        device.host or "",
        port=device.tcp_port,
        framer=FramerType.RTU,
        reconnect_delay=0,
        retries=0,
        timeout=timeout_s,
        trace_connect=on_connection,
        trace_packet=on_packet,
    )


def _checked(request: Request, pdu: ModbusPDU) -> bytes | Refused:
    body = pdu.body if isinstance(pdu, _RawAnswer) else b""
    checked = check_answer(request.block, request.unit, Answer(pdu.dev_id, pdu.function_code, body))
    if isinstance(checked, Doubt):
        raise UnbelievableError(checked.reason)
    return checked
