"""What keeps a device that nobody has read yet from being read, and what can somebody do about it?"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from connectors.device_health import Cause, DeviceHealth, cause_of

CONNECT_S = 3.0
_MOST_PORTS = 8


class Obstacle(StrEnum):
    """What stands in the way, from the nearest to the farthest."""

    NAME = "name"
    NO_ROUTE = "no_route"
    SERIAL_PORT = "serial_port"
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
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    WE_ARE_NOT_TRUSTED = "we_are_not_trusted"
    SIGN_IN = "sign_in"
    NO_PORT = "no_port"
    NO_RIGHT = "no_right"
    PORT_IN_USE = "port_in_use"
    PORT_SETTINGS = "port_settings"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Words:
    """What an obstacle means and what helps, in English and Korean."""

    meaning: str
    remedy: str
    meaning_ko: str
    remedy_ko: str


WORDS = {
    Obstacle.NAME: Words(
        "No machine of this name is known to the network.",
        "Check the spelling, or give the address in numbers.",
        "이 이름의 장비를 네트워크에서 찾을 수 없습니다.",
        "철자를 확인하거나 IP 주소를 숫자로 입력하십시오.",
    ),
    Obstacle.NO_ROUTE: Words(
        "The network has no way to this address.",
        "Check cable and address; this machine must be in the device's network.",
        "이 주소로 가는 네트워크 경로가 없습니다.",
        "랜 케이블과 주소를 확인하십시오. 이 컴퓨터가 장치와 같은 네트워크에 있어야 합니다.",
    ),
    Obstacle.SERIAL_PORT: Words(
        "The serial port is not there, or may not be opened.",
        "Plug the adapter in; see that this user may open it (group dialout), and that the name is right.",
        "직렬 포트가 없거나 열 권한이 없습니다.",
        "변환기를 꽂고, 이 사용자가 포트를 열 수 있는지(dialout 그룹), 포트 이름이 맞는지 확인하십시오.",
    ),
    Obstacle.NO_ANSWER: Words(
        "Nothing answers at this address.",
        "Check that the device is on, its address and port, and that no firewall lies between.",
        "이 주소에서 응답이 없습니다.",
        "장치 전원, 주소와 포트, 중간의 방화벽을 확인하십시오.",
    ),
    Obstacle.REFUSED: Words(
        "The machine answers, but nothing listens at this port.",
        "Check the port, and that the server in the device is switched on.",
        "장비는 있지만 이 포트에서 응답하는 서버가 없습니다.",
        "포트를 확인하고 장치의 통신 서버가 켜져 있는지 확인하십시오.",
    ),
    Obstacle.CLOSED: Words(
        "The device takes the connection and closes it at once.",
        "Many devices serve only few clients: close another one, or allow this machine's address in the device.",
        "장치가 연결을 받자마자 끊습니다.",
        "접속 수가 제한된 장치가 많습니다. 다른 접속을 끊거나 장치에서 이 컴퓨터의 주소를 허용하십시오.",
    ),
    Obstacle.NOT_MODBUS: Words(
        "Something answers, but it does not speak Modbus.",
        "Check the port (502 is usual) and the transport.",
        "응답은 있지만 Modbus가 아닙니다.",
        "포트(보통 502)와 통신 방식을 확인하십시오.",
    ),
    Obstacle.UNIT_SILENT: Words(
        "The connection stands, but this unit gives no answer.",
        "Check the unit number (1 and 255 are usual), and behind a gateway wiring and speed of the bus.",
        "연결은 되지만 이 국번이 응답하지 않습니다.",
        "국번(보통 1 또는 255)을 확인하고, 게이트웨이 뒤라면 배선과 통신 속도를 확인하십시오.",
    ),
    Obstacle.GATEWAY: Words(
        "The gateway answers, but the unit behind it does not.",
        "Check the unit number, and wiring and speed of the bus.",
        "게이트웨이는 응답하지만 그 뒤의 장치가 응답하지 않습니다.",
        "국번, 배선, 통신 속도를 확인하십시오.",
    ),
    Obstacle.ADDRESS_REFUSED: Words(
        "The device answers, but does not have all of these addresses.",
        "Try fewer of them, the other table, or an address one less: manuals often count from 1.",
        "장치는 응답하지만 이 주소가 모두 있지는 않습니다.",
        "개수를 줄이거나 다른 테이블을 쓰거나 주소를 하나 낮춰 보십시오. 설명서는 1부터 세는 경우가 많습니다.",
    ),
    Obstacle.FUNCTION_REFUSED: Words(
        "The device answers, but does not have this table.",
        "Try another one: input and holding are usual.",
        "장치는 응답하지만 이 테이블이 없습니다.",
        "다른 테이블을 선택하십시오. 보통 input이나 holding입니다.",
    ),
    Obstacle.BUSY: Words(
        "The device says that it cannot answer now.",
        "Try again in a moment.",
        "장치가 지금은 응답할 수 없다고 합니다.",
        "잠시 뒤 다시 시도하십시오.",
    ),
    Obstacle.NOT_OPCUA: Words(
        "Something answers, but it is no OPC UA server.",
        "Check the port; 4840 is usual.",
        "응답은 있지만 OPC UA 서버가 아닙니다.",
        "포트를 확인하십시오. 보통 4840입니다.",
    ),
    Obstacle.SECURITY: Words(
        "The server does not offer a connection as secure as the one asked for.",
        "Switch it on at the server, or choose another security policy.",
        "서버가 요청한 수준의 보안 연결을 제공하지 않습니다.",
        "서버에서 보안 정책을 켜거나 다른 보안 정책을 선택하십시오.",
    ),
    Obstacle.NOT_TRUSTED: Words(
        "The server's certificate is not trusted yet.",
        "Compare its fingerprint at the server, then trust it.",
        "서버 인증서를 아직 신뢰하지 않습니다.",
        "서버에서 지문을 비교한 뒤 신뢰하십시오.",
    ),
    Obstacle.CERTIFICATE: Words(
        "The server's certificate is refused.",
        "Have a new one made at the server without what is named below, or accept it by name (certificate_exceptions).",
        "서버 인증서를 거부했습니다.",
        "서버에서 아래 문제가 없는 새 인증서를 만들거나, 그 이름을 적어 허용하십시오(certificate_exceptions).",
    ),
    Obstacle.CLOCK: Words(
        "The clock of this machine is wrong: no certificate can be judged by it.",
        "Set it: timedatectl set-ntp true",
        "이 컴퓨터의 시계가 잘못되어 인증서를 확인할 수 없습니다.",
        "시계를 맞추십시오: timedatectl set-ntp true",
    ),
    Obstacle.WE_ARE_NOT_TRUSTED: Words(
        "The server does not trust the certificate of Smart Wings.",
        "At the server, move certificates/own.der to its trusted certificates.",
        "서버가 Smart Wings의 인증서를 신뢰하지 않습니다.",
        "서버에서 certificates/own.der를 신뢰하는 인증서로 옮기십시오.",
    ),
    Obstacle.SIGN_IN: Words(
        "The server does not let this user in.",
        "Give a user name and password that the server knows.",
        "서버가 이 사용자의 접속을 거부합니다.",
        "서버에 등록된 사용자 이름과 암호를 쓰십시오.",
    ),
    Obstacle.NO_PORT: Words(
        "There is no such serial port.",
        "Check its name and that the adapter is plugged in.",
        "이 시리얼 포트가 없습니다.",
        "포트 이름과 어댑터 연결을 확인하십시오.",
    ),
    Obstacle.NO_RIGHT: Words(
        "Smart Wings has no right to open this serial port.",
        "Add its user to the group that owns the port; dialout is usual.",
        "이 시리얼 포트를 열 권한이 없습니다.",
        "실행 사용자를 포트의 그룹(보통 dialout)에 추가하십시오.",
    ),
    Obstacle.PORT_IN_USE: Words(
        "Another program has this serial port.",
        "End it: one program at a time can read a serial line.",
        "다른 프로그램이 이 시리얼 포트를 사용 중입니다.",
        "그 프로그램을 종료하십시오. 시리얼 회선은 한 번에 한 프로그램만 읽을 수 있습니다.",
    ),
    Obstacle.PORT_SETTINGS: Words(
        "The serial port does not take these settings.",
        "Try another speed, parity or number of stop bits.",
        "이 시리얼 포트가 이 설정을 받아들이지 않습니다.",
        "다른 통신 속도, 패리티, 정지 비트를 써 보십시오.",
    ),
    Obstacle.OTHER: Words(
        "The device could not be read.",
        "The answer in brackets says why.",
        "장치를 읽지 못했습니다.",
        "괄호 안의 응답이 이유입니다.",
    ),
}

_OF_CAUSE = {
    Cause.CONNECTION_REFUSED: Obstacle.REFUSED,
    Cause.NO_ANSWER: Obstacle.NO_ANSWER,
    Cause.SILENT: Obstacle.UNIT_SILENT,
    Cause.NO_ROUTE: Obstacle.NO_ROUTE,
    Cause.UNKNOWN_NAME: Obstacle.NAME,
    Cause.CLOSED: Obstacle.CLOSED,
    Cause.NOT_TRUSTED: Obstacle.NOT_TRUSTED,
    Cause.CERTIFICATE_EXPIRED: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_NOT_YET_VALID: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_URI: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_HOST: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_USE: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_WEAK: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_ISSUER: Obstacle.CERTIFICATE,
    Cause.CERTIFICATE_REVOKED: Obstacle.CERTIFICATE,
    Cause.REVOCATION_UNKNOWN: Obstacle.CERTIFICATE,
    Cause.CLOCK: Obstacle.CLOCK,
    Cause.NOT_OFFERED: Obstacle.SECURITY,
    Cause.WE_ARE_NOT_TRUSTED: Obstacle.WE_ARE_NOT_TRUSTED,
    Cause.SIGN_IN_REFUSED: Obstacle.SIGN_IN,
    Cause.BUSY: Obstacle.BUSY,
    Cause.NO_PATH: Obstacle.GATEWAY,
    Cause.UNBELIEVABLE: Obstacle.NOT_MODBUS,
    Cause.NO_SERIAL_PORT: Obstacle.SERIAL_PORT,
}
_OF_EXCEPTION = {
    1: Obstacle.FUNCTION_REFUSED,
    2: Obstacle.ADDRESS_REFUSED,
    3: Obstacle.ADDRESS_REFUSED,
    5: Obstacle.BUSY,
    6: Obstacle.BUSY,
    10: Obstacle.GATEWAY,
    11: Obstacle.GATEWAY,
}


class UnreachableError(Exception):
    """A device could not be asked. obstacle: what stands in the way; detail: what it or the network said.

    flaws: for which its certificate is refused, by name."""

    def __init__(self, obstacle: Obstacle, detail: str = "", flaws: tuple[str, ...] = ()) -> None:
        self.obstacle, self.detail, self.flaws = obstacle, detail, flaws
        words = WORDS[obstacle]
        super().__init__(f"{words.meaning} {words.remedy}" + (f" ({detail})" if detail else ""))


def obstacle_of(cause: Cause) -> Obstacle:
    """The obstacle that a cause of trouble is to a first meeting."""
    return _OF_CAUSE.get(cause, Obstacle.OTHER)


def obstacle_of_exception(code: int) -> Obstacle:
    """The obstacle that an exception code is (Modbus Application Protocol V1.1b3, 7)."""
    return _OF_EXCEPTION.get(code, Obstacle.OTHER)


def obstacle_to(health: DeviceHealth, tag: str) -> Obstacle:
    """What kept a tag from being read when it was last asked for."""
    block = health.failed_block(tag)
    if block is not None and block.exception_code is not None:
        return obstacle_of_exception(block.exception_code)
    if block is not None and any(one.last_good_us is not None for one in health.blocks):
        return Obstacle.ADDRESS_REFUSED  # some devices do not answer where they have no such address
    return Obstacle.OTHER if health.last_cause is None else obstacle_of(health.last_cause)


def serial_obstacle(port: str, said: str) -> UnreachableError:
    """Why a serial port could not be opened. said: what the operating system or the library said."""
    if "://" not in port and not Path(port).exists():
        folder, kinds = Path("/dev"), ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS*", "serial/by-id/*")
        there = sorted(str(one) for kind in kinds for one in folder.glob(kind))[:_MOST_PORTS]
        return UnreachableError(Obstacle.NO_PORT, f"these exist: {', '.join(there)}" if there else "none exists")
    if os.access(port, os.R_OK | os.W_OK) is False and "://" not in port:
        return UnreachableError(Obstacle.NO_RIGHT, said)
    if any(words in said for words in ("lock port", "busy", "temporarily unavailable")):
        return UnreachableError(Obstacle.PORT_IN_USE, said)
    if "Invalid argument" in said or "configure port" in said:
        return UnreachableError(Obstacle.PORT_SETTINGS, said)
    return UnreachableError(Obstacle.OTHER, said)


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
