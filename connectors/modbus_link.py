"""How is one request answered? A connection to a Modbus device on pymodbus, given up for good at the first doubt.

The library's own retries and reconnects are off: after a time-out or a doubtful answer a late answer could be taken
for the next one, so such a connection is closed and a new one is opened in its place.
"""

import asyncio
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import DecodePDU, ModbusPDU

from config.devices import ModbusDevice
from connectors.connector import ConnectorError
from connectors.device_health import Cause, cause_of
from connectors.modbus_check import Answer, Doubt, Refused, check_answer
from connectors.modbus_plan import Block
from plant.status_code import parse_status

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 1.0

BAD_NO_COMMUNICATION = parse_status("BadNoCommunication")
BAD_COMMUNICATION_ERROR = parse_status("BadCommunicationError")
BAD_TIMEOUT = parse_status("BadTimeout")

_PARITIES = {"none": "N", "even": "E", "odd": "O"}
_SUPPORTED = ("tcp", "rtu-over-tcp", "rtu")


class LinkError(Exception):
    """The connection is not there or can no longer be believed. status: what it means for the tags asked for."""

    def __init__(self, reason: str, status: int, cause: Cause = Cause.CLOSED) -> None:
        super().__init__(reason)
        self.status, self.cause = status, cause


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


def check_transport(device: ModbusDevice) -> None:
    """Raise ConnectorError, naming the transport, for one that this reader does not speak."""
    if device.transport not in _SUPPORTED:
        raise ConnectorError(
            f"device {device.id}: transport {device.transport} is not supported yet; use {', '.join(_SUPPORTED)}"
        )


class Link:
    """One connection, for one request at a time.

    answers_have_ids: False where the device answers with transaction id 0 to every request, so that a late answer
    could not be told from the next; None while unknown. What an earlier connection learnt is given to the next one.
    """

    def __init__(self, device: ModbusDevice, answers_have_ids: bool | None = None) -> None:
        self.answers_have_ids = answers_have_ids
        self._device = device
        self._client = self._new_client()
        self._client.ctx.framer.decoder = _RawAnswers(False)
        self._lost: asyncio.Future[LinkError] = asyncio.get_running_loop().create_future()
        self._asking = False

    def _new_client(self) -> ModbusBaseClient:
        device = self._device
        if device.transport == "rtu":
            return AsyncModbusSerialClient(
                device.serial_port or "",
                framer=FramerType.RTU,
                baudrate=device.baudrate,
                parity=_PARITIES[device.parity],
                stopbits=device.stopbits,
                reconnect_delay=0,
                retries=0,
                timeout=CONNECT_TIMEOUT_S,
                trace_connect=self._on_connection,
            )
        return AsyncModbusTcpClient(
            device.host or "",
            port=device.tcp_port,
            framer=FramerType.SOCKET if device.transport == "tcp" else FramerType.RTU,
            reconnect_delay=0,
            retries=0,
            timeout=CONNECT_TIMEOUT_S,
            trace_connect=self._on_connection,
            trace_packet=self._on_packet,
        )

    async def connect(self) -> None:
        """Open the connection, resolving the name anew. Raises LinkError."""
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
            raise LinkError(why, BAD_NO_COMMUNICATION, cause)

    @property
    def is_lost(self) -> bool:
        """Whether the connection ended or brought something unasked since the last request."""
        return self._lost.done()

    async def read(
        self, block: Block, answer_timeout_s: float | None = None
    ) -> tuple[NDArray[np.uint16] | Refused, int]:
        """The words of a block or the device's refusal, and when they were received [UTC us].

        Raises LinkError when there is no answer in time or none that can be believed; the link is then closed.
        """
        try:
            if self._lost.done():
                raise self._lost.result()
            pdu = await self._answer(block, ANSWER_TIMEOUT_S if answer_timeout_s is None else answer_timeout_s)
            received_us = time.time_ns() // 1000
            checked = self._checked(block, pdu)
        except BaseException:
            self.close()
            raise
        return checked, received_us

    async def _answer(self, block: Block, timeout_s: float) -> ModbusPDU:
        self._asking = True
        request = asyncio.ensure_future(self._request(block))
        try:
            # pymodbus lets a request wait for its whole time-out when the connection ends meanwhile.
            either: set[asyncio.Future[Any]] = {request, self._lost}
            await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if request.done():
                return request.result()
            if self._lost.done():
                raise self._lost.result()
            raise LinkError(f"no answer within {timeout_s:g} s to {block}", BAD_TIMEOUT, Cause.NO_ANSWER)
        except ModbusException as error:
            raise LinkError(str(error), BAD_COMMUNICATION_ERROR) from None
        finally:
            self._asking = False
            request.cancel()

    async def _request(self, block: Block) -> ModbusPDU:
        """The only four requests that this system can send; all of them read."""
        client, unit = self._client, self._device.unit
        match block.table:
            case "coil":
                return await client.read_coils(block.address, count=block.count, device_id=unit)
            case "discrete":
                return await client.read_discrete_inputs(block.address, count=block.count, device_id=unit)
            case "holding":
                return await client.read_holding_registers(block.address, count=block.count, device_id=unit)
            case "input":
                return await client.read_input_registers(block.address, count=block.count, device_id=unit)

    def _checked(self, block: Block, pdu: ModbusPDU) -> NDArray[np.uint16] | Refused:
        body = pdu.body if isinstance(pdu, _RawAnswer) else b""
        answer = Answer(pdu.dev_id, pdu.function_code, body)
        checked = self._stale(pdu.transaction_id) or check_answer(block, self._device.unit, answer)
        if isinstance(checked, Doubt):
            raise LinkError(f"unbelievable answer: {checked.reason}", BAD_COMMUNICATION_ERROR, Cause.UNBELIEVABLE)
        return checked

    def _stale(self, transaction_id: int) -> Doubt | None:
        # pymodbus refuses another transaction id but takes 0 for any. Some gateways always answer 0; from a device
        # that has answered with ids a 0 is no answer to this request.
        if self._device.transport != "tcp":
            return None
        if transaction_id == 0 and self.answers_have_ids:
            return Doubt("transaction id 0")
        self.answers_have_ids = transaction_id != 0
        return None

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
        """Give the connection up; it cannot be used again."""
        self._lose("connection closed")
        self._client.close()
