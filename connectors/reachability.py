"""What keeps a device from being read, and what can somebody do about it? From an error to plain words."""

import asyncio
import errno
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

CONNECT_S = 3.0


class Obstacle(StrEnum):
    """What stands in the way, from the nearest to the farthest."""

    NAME = "name"
    NO_ROUTE = "no_route"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    CLOSED = "closed"
    TLS = "tls"
    NOT_MODBUS = "not_modbus"
    UNIT_SILENT = "unit_silent"
    GATEWAY = "gateway"
    ADDRESS_REFUSED = "address_refused"
    FUNCTION_REFUSED = "function_refused"
    BUSY = "busy"
    NOT_OPCUA = "not_opcua"
    SECURITY = "security"
    NOT_TRUSTED = "not_trusted"
    SIGN_IN = "sign_in"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Words:
    """What it means, and the remedy; one sentence each."""

    meaning: str
    remedy: str


WORDS = {
    Obstacle.NAME: Words(
        "No machine of this name is known here.", "Check the spelling, or give its address in numbers."
    ),
    Obstacle.NO_ROUTE: Words(
        "The network has no way to this address.", "Check cable, address, and that both are in the same network."
    ),
    Obstacle.TIMEOUT: Words(
        "Nothing answers at this address.",
        "Check that the device is on, its address and port, and that no firewall lies between.",
    ),
    Obstacle.REFUSED: Words(
        "The machine answers, but nothing listens at this port.",
        "Check the port, and that the server of the device is switched on.",
    ),
    Obstacle.CLOSED: Words(
        "The device takes the connection and closes it at once.",
        "Many devices serve only few clients: close another one, or allow this machine's address in the device.",
    ),
    Obstacle.TLS: Words(
        "The encrypted connection could not be made.", "Check that the port is the one for TLS, and its certificates."
    ),
    Obstacle.NOT_MODBUS: Words(
        "Something answers, but it does not speak Modbus.", "Check the port (502 is usual) and the transport."
    ),
    Obstacle.UNIT_SILENT: Words(
        "The connection stands, but the unit gives no answer.",
        "Check the unit number (1 and 255 are usual), and behind a gateway the wiring and speed of the bus.",
    ),
    Obstacle.GATEWAY: Words(
        "The gateway answers, but the unit behind it does not.",
        "Check the unit number, and wiring and speed of the bus.",
    ),
    Obstacle.ADDRESS_REFUSED: Words(
        "The device answers, but does not have all of these addresses.",
        "Try fewer of them, the other table, or an address one less: manuals often count from 1.",
    ),
    Obstacle.FUNCTION_REFUSED: Words(
        "The device answers, but does not have this table.", "Try another one: input and holding are usual."
    ),
    Obstacle.BUSY: Words("The device says that it cannot answer now.", "Try again in a moment."),
    Obstacle.NOT_OPCUA: Words("Something answers, but it is no OPC UA server.", "Check the port; 4840 is usual."),
    Obstacle.SECURITY: Words(
        "The server does not offer a connection as secure as the one asked for.",
        "Switch it on at the server; otherwise name another policy.",
    ),
    Obstacle.NOT_TRUSTED: Words(
        "One side does not trust the other's certificate.",
        "Compare the fingerprint and trust the server here; at the server trust the certificate of Smart Wings.",
    ),
    Obstacle.SIGN_IN: Words(
        "The server does not let this user in.", "Give a user name and password that the server knows."
    ),
    Obstacle.OTHER: Words("The device could not be read.", "The message says what it answered."),
}


class UnreachableError(Exception):
    """A device could not be asked. obstacle: what stands in the way; detail: what it or the network said."""

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        self.obstacle, self.detail = obstacle, detail
        words = WORDS[obstacle]
        super().__init__(f"{words.meaning} {words.remedy}" + (f" ({detail})" if detail else ""))


_ERRNO = {
    errno.ECONNREFUSED: Obstacle.REFUSED,
    errno.ECONNRESET: Obstacle.CLOSED,
    errno.EPIPE: Obstacle.CLOSED,
    errno.ENETUNREACH: Obstacle.NO_ROUTE,
    errno.EHOSTUNREACH: Obstacle.NO_ROUTE,
    errno.ENETDOWN: Obstacle.NO_ROUTE,
    errno.EHOSTDOWN: Obstacle.NO_ROUTE,
    errno.ETIMEDOUT: Obstacle.TIMEOUT,
}


def obstacle_of(error: BaseException) -> Obstacle:
    """What an error of the network stands for; OTHER for one that is not of the network.

    >>> obstacle_of(ConnectionRefusedError(errno.ECONNREFUSED, "refused")).value
    'refused'
    """
    if isinstance(error, UnreachableError):
        return error.obstacle
    if isinstance(error, socket.gaierror | UnicodeError):
        return Obstacle.NAME
    if isinstance(error, ssl.SSLError):
        return Obstacle.TLS
    if isinstance(error, OSError) and error.errno in _ERRNO:
        return _ERRNO[error.errno]
    if isinstance(error, TimeoutError):
        return Obstacle.TIMEOUT
    return Obstacle.CLOSED if isinstance(error, ConnectionError | EOFError) else Obstacle.OTHER


async def require_listener(host: str, port: int) -> None:
    """Make sure that something listens at an address. Raises UnreachableError."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, UnicodeError, ValueError) as error:  # TimeoutError is an OSError; ValueError: a NUL in the name
        reasons = error.exceptions if isinstance(error, ExceptionGroup) else [error]
        raise UnreachableError(obstacle_of(reasons[0]), _told(reasons[0])) from None
    writer.close()


def _told(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).strip().split("\n")[0]
