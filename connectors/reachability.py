"""What keeps a device that nobody has read yet from being read, and what can somebody do about it?"""

import asyncio
from contextlib import suppress
from enum import StrEnum

from connectors.device_health import Cause, cause_of

CONNECT_S = 3.0


class Obstacle(StrEnum):
    """What stands in the way, from the nearest to the farthest."""

    NAME = "name"
    NO_ROUTE = "no_route"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    CLOSED = "closed"
    NOT_MODBUS = "not_modbus"
    UNIT_SILENT = "unit_silent"
    GATEWAY = "gateway"
    ADDRESS_REFUSED = "address_refused"
    FUNCTION_REFUSED = "function_refused"
    BUSY = "busy"
    NOT_OPCUA = "not_opcua"
    SECURITY = "security"
    NOT_TRUSTED = "not_trusted"
    WE_ARE_NOT_TRUSTED = "we_are_not_trusted"
    SIGN_IN = "sign_in"
    OTHER = "other"


WORDS: dict[Obstacle, tuple[str, str]] = {
    Obstacle.NAME: (
        "No machine of this name is known to the network.",
        "Check the spelling, or give the address in numbers.",
    ),
    Obstacle.NO_ROUTE: (
        "The network has no way to this address.",
        "Check cable and address; this machine must be in the device's network.",
    ),
    Obstacle.NO_ANSWER: (
        "Nothing answers at this address.",
        "Check that the device is on, its address and port, and that no firewall lies between.",
    ),
    Obstacle.REFUSED: (
        "The machine answers, but nothing listens at this port.",
        "Check the port, and that the server in the device is switched on.",
    ),
    Obstacle.CLOSED: (
        "The device takes the connection and closes it at once.",
        "Many devices serve only few clients: close another one, or allow this machine's address in the device.",
    ),
    Obstacle.NOT_MODBUS: (
        "Something answers, but it does not speak Modbus.",
        "Check the port (502 is usual) and the transport.",
    ),
    Obstacle.UNIT_SILENT: (
        "The connection stands, but this unit gives no answer.",
        "Check the unit number (1 and 255 are usual), and behind a gateway wiring and speed of the bus.",
    ),
    Obstacle.GATEWAY: (
        "The gateway answers, but the unit behind it does not.",
        "Check the unit number, and wiring and speed of the bus.",
    ),
    Obstacle.ADDRESS_REFUSED: (
        "The device answers, but does not have all of these addresses.",
        "Try fewer of them, the other table, or an address one less: manuals often count from 1.",
    ),
    Obstacle.FUNCTION_REFUSED: (
        "The device answers, but does not have this table.",
        "Try another one: input and holding are usual.",
    ),
    Obstacle.BUSY: (
        "The device says that it cannot answer now.",
        "Try again in a moment.",
    ),
    Obstacle.NOT_OPCUA: (
        "Something answers, but it is no OPC UA server.",
        "Check the port; 4840 is usual.",
    ),
    Obstacle.SECURITY: (
        "The server does not offer a connection as secure as the one asked for.",
        "Switch it on at the server, or choose another security policy.",
    ),
    Obstacle.NOT_TRUSTED: (
        "The server's certificate is not trusted yet.",
        "Compare its fingerprint at the server, then trust it.",
    ),
    Obstacle.WE_ARE_NOT_TRUSTED: (
        "The server does not trust the certificate of Smart Wings.",
        "At the server, move certificates/own.der to its trusted certificates.",
    ),
    Obstacle.SIGN_IN: (
        "The server does not let this user in.",
        "Give a user name and password that the server knows.",
    ),
    Obstacle.OTHER: (
        "The device could not be read.",
        "The answer in brackets says why.",
    ),
}
"""What it means, and what helps."""

_OF_CAUSE = {
    Cause.CONNECTION_REFUSED: Obstacle.REFUSED,
    Cause.NO_ANSWER: Obstacle.NO_ANSWER,
    Cause.NO_ROUTE: Obstacle.NO_ROUTE,
    Cause.UNKNOWN_NAME: Obstacle.NAME,
    Cause.CLOSED: Obstacle.CLOSED,
    Cause.NOT_TRUSTED: Obstacle.NOT_TRUSTED,
    Cause.NOT_OFFERED: Obstacle.SECURITY,
    Cause.WE_ARE_NOT_TRUSTED: Obstacle.WE_ARE_NOT_TRUSTED,
    Cause.SIGN_IN_REFUSED: Obstacle.SIGN_IN,
    Cause.BUSY: Obstacle.BUSY,
}


class UnreachableError(Exception):
    """A device could not be asked. obstacle: what stands in the way; detail: what it or the network said."""

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        self.obstacle, self.detail = obstacle, detail
        super().__init__(" ".join(WORDS[obstacle]) + (f" ({detail})" if detail else ""))


def obstacle_of(cause: Cause) -> Obstacle:
    """The obstacle that a cause of trouble is to a first meeting."""
    return _OF_CAUSE.get(cause, Obstacle.OTHER)


async def require_listener(host: str, port: int) -> None:
    """Make sure that something listens at an address. Raises UnreachableError."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError; a name with a NUL or too long, a ValueError
        cause = Cause.UNKNOWN_NAME if isinstance(error, ValueError) else cause_of(error)
        raise UnreachableError(obstacle_of(cause), str(getattr(error, "strerror", None) or error)) from None
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
