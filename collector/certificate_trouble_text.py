"""What is said of certificates that are refused or end, and what helps?"""

from collector.trouble import Form, failure, warning
from connectors.device_health import Cause

TOLD_DAYS, WARNED_DAYS, URGENT_DAYS = 60, 30, 7
"""Days before the end when it is told, told with more weight, and a failure."""

_NEW_EN = "Have who runs the server make a new certificate there{what}, then: smartwings trust SITE {{subject}}"
_NEW_KO = "서버 담당자에게 {what}새 인증서를 만들게 한 뒤: smartwings trust SITE {{subject}}"
_ACCEPT_EN = ". Until then the site file may accept it by name: certificate_exceptions: [{name}]"
_ACCEPT_KO = ". 그때까지는 사이트 파일에 이름을 적어 허용할 수 있습니다: certificate_exceptions: [{name}]"


def _refused(why_ko: str, remedy_en: str, remedy_ko: str) -> Form:
    return failure("{subject}: {why}.", f"장치 {{subject}}: {why_ko} ({{why}}).", remedy_en, remedy_ko)


def _flawed(name: str, why_ko: str, what_en: str = "", what_ko: str = "") -> Form:
    """A flaw that a new certificate ends, and that may be accepted by name until then."""
    return _refused(
        why_ko,
        _NEW_EN.format(what=what_en) + _ACCEPT_EN.format(name=name),
        _NEW_KO.format(what=what_ko) + _ACCEPT_KO.format(name=name),
    )


REFUSED: dict[Cause, Form] = {
    Cause.CERTIFICATE_EXPIRED: _flawed(
        "expired", "서버 인증서의 유효 기간이 끝났습니다", ", valid from today on", "오늘부터 유효한 "
    ),
    Cause.CERTIFICATE_NOT_YET_VALID: _flawed(
        "not_yet_valid",
        "서버 인증서의 유효 기간이 아직 시작되지 않았습니다",
        " after its clock was set, or set the clock of this machine",
        "서버 시계(또는 이 컴퓨터의 시계)를 맞추고 ",
    ),
    Cause.CERTIFICATE_URI: _flawed(
        "uri",
        "서버 인증서의 애플리케이션 URI가 서버와 다릅니다",
        " that names the server's own application URI; another server's must not be copied",
        "이 서버의 애플리케이션 URI를 넣어(다른 서버의 인증서를 복사하지 말고) ",
    ),
    Cause.CERTIFICATE_HOST: _flawed(
        "host",
        "서버 인증서에 이 주소가 없습니다",
        " that names the address in endpoint, or write an address that it names into endpoint",
        "endpoint의 주소를 넣어(또는 인증서에 있는 주소를 endpoint에 적고) ",
    ),
    Cause.CERTIFICATE_USE: _flawed(
        "use",
        "서버 인증서의 용도가 맞지 않습니다",
        " for signing, encrypting and server authentication",
        "서명, 암호화, 서버 인증 용도로 ",
    ),
    Cause.CERTIFICATE_WEAK: _refused(
        "서버 인증서의 키나 서명이 너무 약합니다",
        _NEW_EN.format(what=" with RSA of at least 2048 bits and SHA-256"),
        _NEW_KO.format(what="RSA 2048비트 이상, SHA-256으로 "),
    ),
    Cause.CERTIFICATE_ISSUER: _refused(
        "ca_file의 기관이 서버 인증서에 서명하지 않았습니다",
        "Have the server's certificate signed by an authority in ca_file, or add its authority there. Without ca_file a"
        " certificate is trusted by itself: smartwings trust SITE {subject}",
        "ca_file의 기관이 서명한 인증서를 서버에 넣거나 그 기관을 ca_file에 추가하십시오. ca_file을 빼면 인증서를 직접"
        " 신뢰합니다: smartwings trust SITE {subject}",
    ),
    Cause.CERTIFICATE_REVOKED: _refused(
        "서버 인증서가 폐기되었습니다",
        "Somebody took this certificate back, perhaps because its key was stolen: ask who runs the authority, then have"
        " a new one put into the server.",
        "키 유출 등으로 인증서가 폐기되었습니다. 인증 기관 담당자에게 확인하고 서버에 새 인증서를 넣으십시오.",
    ),
    Cause.REVOCATION_UNKNOWN: _refused(
        "유효한 인증서 폐기 목록이 없습니다",
        "Fetch the newest lists of the authorities in ca_file and put them into revocation_file.",
        "ca_file에 있는 기관의 최신 폐기 목록을 받아 revocation_file에 넣으십시오.",
    ),
    Cause.CLOCK: _refused(
        "이 컴퓨터의 시계가 잘못되어 인증서를 확인할 수 없습니다",
        "Set the clock of this machine (timedatectl set-ntp true); the connection is tried again by itself.",
        "이 컴퓨터의 시계를 맞추십시오(timedatectl set-ntp true). 연결은 자동으로 다시 시도합니다.",
    ),
}

_SERVER_REMEDY = (
    "Have who runs the server make a new one in time, compare its fingerprint there, then: smartwings trust SITE"
    " {subject}",
    "서버 담당자가 미리 새 인증서를 만들게 하고 서버에서 지문을 비교한 뒤: smartwings trust SITE {subject}",
)
_OWN_REMEDY = (
    "Make a new one: smartwings certificate SITE --opcua; then trust certificates/own.der at each server it names.",
    "새로 만드십시오: smartwings certificate SITE --opcua. 그런 다음 표시된 모든 서버에서 certificates/own.der를"
    " 신뢰하도록 등록하십시오.",
)
_FILE_REMEDY = (
    "Ask who made it for a new one, and put it in its place.",
    "발급한 담당자에게 새 인증서를 받아 그 자리에 넣으십시오.",
)
REMEDIES = {"server": _SERVER_REMEDY, "own": _OWN_REMEDY, "user": _FILE_REMEDY, "authority": _FILE_REMEDY}
"""What helps, in English and Korean, by whose certificate it is."""


def ending(whose: str, days: int) -> Form:
    """The form for a certificate that ends in so many days, or ended so many days ago (negative)."""
    english, korean = REMEDIES[whose]
    if days < 0:
        return failure(
            "{subject}: the certificate {name} has not been valid since {days} days ago.",
            "장치 {subject}: 인증서 {name}의 유효 기간이 {days}일 전에 끝났습니다.",
            english,
            korean,
        )
    left_en, left_ko = ("days only", "일밖에 남지 않았습니다") if days < WARNED_DAYS else ("more days", "일 남았습니다")
    return (failure if days < URGENT_DAYS else warning)(
        f"{{subject}}: the certificate {{name}} is valid for {{days}} {left_en}.",
        f"장치 {{subject}}: 인증서 {{name}}의 유효 기간이 {{days}}{left_ko}.",
        english,
        korean,
    )


EXCEPTIONS = warning(
    "{subject}: is accepted although it is less than secure: {names}.",
    "장치 {subject}: 보안 수준이 낮은 연결을 예외로 허용하고 있습니다: {names}.",
    "Have the server put right, then take this out of the site file (allow_insecure, certificate_exceptions).",
    "서버를 바로잡은 뒤 사이트 파일에서 이 예외(allow_insecure, certificate_exceptions)를 지우십시오.",
)
