"""What is said of a device in trouble, and what helps: a form for every cause, exception code and kind of silence."""

from collections.abc import Callable

from collector.certificate_trouble_text import REFUSED
from collector.trouble import Form, Said, failure, warning
from connectors.device_health import Cause

CONNECTION: dict[Cause, Form] = {
    **REFUSED,
    Cause.CONNECTION_REFUSED: failure(
        "{subject}: {address} refuses the connection.",
        "장치 {subject}: {address} 주소가 연결을 거부합니다.",
        "The machine is there, but nothing listens at this port. Switch on the server in the device, or correct the"
        " port in the site file. It is tried again by itself.",
        "장비는 켜져 있으나 이 포트에서 응답하는 서버가 없습니다. 장비의 통신 서버를 켜거나 사이트 파일의 포트를"
        " 고치십시오. 자동으로 다시 시도합니다.",
    ),
    Cause.NO_ANSWER: failure(
        "{subject}: nothing answers at {address}.",
        "장치 {subject}: {address} 주소에서 응답이 없습니다.",
        "Is the device switched on, its cable in, its address unchanged? Try from this machine: ping {host}",
        "장치 전원, 통신 케이블, 주소 변경 여부를 확인하십시오. 이 컴퓨터에서 확인: ping {host}",
    ),
    Cause.SILENT: failure(
        "{subject}: unit {unit} at {address} is silent.",
        "장치 {subject}: {address}의 국번 {unit}에서 응답이 없습니다.",
        "Check its power, its wiring and its unit number; many devices that speak TCP themselves are 255 or 0. Which"
        " units answer there: smartwings probe modbus {target}",
        "전원, 배선, 국번을 확인하십시오. TCP로 직접 통신하는 장치는 255나 0인 경우가 많습니다. 응답하는 국번 찾기:"
        " smartwings probe modbus {target}",
    ),
    Cause.NO_PATH: failure(
        "{subject}: the gateway {address} has no path to unit {unit} (exception 10).",
        "장치 {subject}: 게이트웨이 {address}에 국번 {unit} 경로가 없습니다(예외 코드 10).",
        "Check the unit number in the site file, and in the gateway which serial line this unit is on.",
        "사이트 파일의 국번과, 게이트웨이 설정에서 이 국번이 어느 직렬 회선에 있는지 확인하십시오.",
    ),
    Cause.NO_ROUTE: failure(
        "{subject}: {address} cannot be reached from this machine's network.",
        "장치 {subject}: 이 컴퓨터의 네트워크에서 {address} 주소에 도달할 수 없습니다.",
        "Check this machine's network cable and address (ip address, ip route): it must be in the device's network.",
        "이 컴퓨터의 랜 케이블과 IP 설정(ip address, ip route)을 확인하십시오. 장치와 같은 네트워크여야 합니다.",
    ),
    Cause.UNKNOWN_NAME: failure(
        "{subject}: the name {host} is not known to the network.",
        "장치 {subject}: 네트워크에서 {host} 이름을 찾을 수 없습니다.",
        "Write the device's IP address into the site file, or have the name entered in the plant's name server.",
        "사이트 파일에 장치의 IP 주소를 적거나, 사내 이름 서버(DNS)에 이름을 등록하십시오.",
    ),
    Cause.NO_SERIAL_PORT: failure(
        "{subject}: the serial port {address} is not there, or may not be opened.",
        "장치 {subject}: 직렬 포트 {address}: 없거나 열 권한이 없습니다.",
        "Plug the adapter in; see that the service's user may open it (group dialout), and that the name is right.",
        "변환기를 꽂고, 서비스 사용자가 포트를 열 수 있는지(dialout 그룹), 포트 이름이 맞는지 확인하십시오.",
    ),
    Cause.CLOSED: failure(
        "{subject}: the connection to {address} ends again and again ({why}).",
        "장치 {subject}: {address} 연결이 계속 끊어집니다 ({why}).",
        "Many devices take one connection alone: end the other program that reads it. Else look at the cabling.",
        "연결을 하나만 받는 장치가 많습니다. 같은 장치를 읽는 다른 프로그램을 끄고, 배선을 확인하십시오.",
    ),
    Cause.UNBELIEVABLE: failure(
        "{subject}: the answers of {address} cannot be believed ({why}).",
        "장치 {subject}: {address}의 응답을 믿을 수 없습니다 ({why}).",
        "Check unit number and transport in the site file, and that no second client asks on the same line; on a"
        " serial line also speed and parity.",
        "사이트 파일의 국번과 통신 방식을 확인하고, 같은 회선에서 다른 클라이언트가 요청하지 않는지 보십시오."
        " 직렬 회선이면 속도와 패리티도 확인하십시오.",
    ),
    Cause.NOT_TRUSTED: failure(
        "{subject}: {why}.",
        "장치 {subject}: 서버 인증서를 신뢰할 수 없습니다 ({why}).",
        "Compare the fingerprint with the one that the server itself shows. If they agree: smartwings trust SITE"
        " {subject}",
        "서버 화면에 표시된 지문과 비교하십시오. 같으면: smartwings trust SITE {subject}",
    ),
    Cause.NOT_OFFERED: failure(
        "{subject}: {why}.",
        "장치 {subject}: 설정한 보안 방식을 서버가 제공하지 않습니다 ({why}).",
        "Switch this security policy on at the server, or write one that it offers into the site file (security).",
        "서버에서 이 보안 정책을 켜거나, 서버가 제공하는 정책을 사이트 파일의 security에 적으십시오.",
    ),
    Cause.WE_ARE_NOT_TRUSTED: failure(
        "{subject}: the server does not trust our certificate ({why}).",
        "장치 {subject}: 서버가 우리 인증서를 신뢰하지 않습니다 ({why}).",
        "At the server, move the certificate “Smart Wings” from the rejected to the trusted ones (or give it"
        " certificates/own.der). One that has ended is made anew: smartwings certificate SITE --opcua",
        "서버에서 ‘Smart Wings’ 인증서를 거부 목록에서 신뢰 목록으로 옮기거나 certificates/own.der 파일을"
        " 등록하십시오. 기간이 끝났으면 새로 만드십시오: smartwings certificate SITE --opcua",
    ),
    Cause.SIGN_IN_REFUSED: failure(
        "{subject}: the server does not let this user in ({why}).",
        "장치 {subject}: 서버가 이 사용자의 접속을 거부합니다 ({why}).",
        "Correct username in the site file and the content of password_file, or have the user's certificate trusted at"
        " the server; ask who runs it.",
        "사이트 파일의 username과 password_file의 내용을 고치거나, 서버에서 사용자 인증서를 신뢰하도록 등록하십시오."
        " 서버 담당자에게 확인하십시오.",
    ),
    Cause.SECRET_FILE: failure(
        "{subject}: {why}.",
        "장치 {subject}: 비밀 파일의 권한이나 사용 방식이 올바르지 않습니다 ({why}).",
        "Give the file to its owner alone (chmod 600), or choose an encrypted connection in the site file.",
        "파일을 소유자만 읽을 수 있게 하거나(chmod 600), 사이트 파일에서 암호화된 연결을 고르십시오.",
    ),
    Cause.CERTIFICATE_FILE: failure(
        "{subject}: {why}.",
        "장치 {subject}: 인증서 파일을 사용할 수 없습니다 ({why}).",
        "ca_file and certificate_file must hold certificates, key_file the key that belongs to ours, all as PEM; the"
        " same holds for user_certificate_file and user_key_file. Then: smartwings check SITE",
        "ca_file과 certificate_file에는 인증서, key_file에는 우리 인증서의 키를 PEM 형식으로 넣으십시오."
        " user_certificate_file과 user_key_file도 같습니다. 확인 명령: smartwings check SITE",
    ),
    Cause.BUSY: failure(
        "{subject}: the server has no room for another client ({why}).",
        "장치 {subject}: 서버에 접속 여유가 없습니다 ({why}).",
        "End other clients of this server, or raise its limit of sessions and subscriptions.",
        "이 서버에 접속한 다른 클라이언트를 끄거나, 서버의 세션·구독 한도를 늘리십시오.",
    ),
}
TLS_NOT_TRUSTED = failure(
    "{subject}: {why}.",
    "장치 {subject}: 장치의 인증서를 신뢰할 수 없습니다 ({why}).",
    "Its certificate must be signed by the authority in ca_file, bear the host's name (else server_name), and be valid"
    " today.",
    "장치 인증서는 ca_file의 기관이 서명하고, 호스트 이름(또는 server_name)과 일치하며, 유효 기간 안에 있어야 합니다.",
)
NOT_CONNECTED = failure(
    "{subject}: no connection to {address}: {why}.",
    "장치 {subject}: {address}에 연결되지 않습니다: {why}.",
    "It is tried again by itself. If it stays so, look at the device, then make a support bundle (System page).",
    "자동으로 다시 시도합니다. 계속되면 장치를 확인한 뒤 시스템 화면에서 지원 파일을 만드십시오.",
)

UNIT_SILENT = failure(
    "{subject}: unit {unit} behind {address} is silent, the others there answer.",
    "장치 {subject}: {address}의 국번 {unit}에서 응답이 없습니다. 같은 회선의 다른 장치는 응답합니다.",
    "Check its power, its wiring and its unit number. It is asked rarely, to spare the others.",
    "이 장치의 전원, 배선, 국번을 확인하십시오. 다른 장치가 느려지지 않도록 가끔만 다시 시도합니다.",
)
LINE_SILENT = failure(
    "{subject}: nothing behind {address} answers.",
    "장치 {subject}: {address}에 연결된 장치가 모두 응답하지 않습니다.",
    "The way there stands, the line behind it does not: check the cable of the bus, its power, speed and parity; then"
    " restart the gateway.",
    "게이트웨이까지는 연결되지만 그 뒤의 회선에서 응답이 없습니다. 버스 배선과 전원, 통신 속도와 패리티를 확인한 뒤"
    " 게이트웨이를 다시 시작하십시오.",
)


_MEANINGS_KO = {
    1: "지원하지 않는 기능",
    2: "없는 주소",
    3: "허용하지 않는 값",
    4: "장치 고장",
    5: "처리 중",
    6: "장치 사용 중",
    8: "메모리 오류",
    10: "게이트웨이 경로 없음",
    11: "게이트웨이 뒤 장치 무응답",
}


def exception_words(code: int, meaning: str) -> Said:
    """An exception code (Modbus Application Protocol V1.1b3, 7) with its meaning."""
    return Said(f"exception {code}, {meaning}", f"예외 코드 {code}({_MEANINGS_KO.get(code, '표준에 없는 코드')})")


def _refused(make: Callable[[str, str, str, str], Form], remedy_en: str, remedy_ko: str) -> Form:
    return make(
        "{subject}: unit {unit} refuses {blocks}: {why_en}.",
        "장치 {subject}(국번 {unit}): {blocks} 읽기를 거부합니다. {why_ko}.",
        remedy_en,
        remedy_ko,
    )


EXCEPTIONS: dict[int, Form] = {
    1: _refused(
        failure,
        "The device does not know this table: the manual says whether its values are holding or input registers.",
        "장치가 이 테이블을 지원하지 않습니다. 홀딩 레지스터인지 입력 레지스터인지 설명서에서 확인하십시오.",
    ),
    2: _refused(
        failure,
        "Check the address in the manual, or take the tag out. Addresses count from 0 (40001 in a manual is holding 0)."
        " To look around: smartwings probe modbus {target} --unit {unit} --table {table} --address {first}"
        " --count {count}",
        "설명서에서 주소를 확인하거나 태그를 빼십시오. 주소는 0부터 셉니다(설명서의 40001은 holding 0). 확인 명령:"
        " smartwings probe modbus {target} --unit {unit} --table {table} --address {first} --count {count}",
    ),
    3: _refused(
        failure,
        "It does not take a request of this length here: check address and type of the tag in the manual.",
        "이 주소에서는 이 길이의 요청을 받지 않습니다. 태그의 주소와 형식(type)을 설명서에서 확인하십시오.",
    ),
    4: _refused(
        failure,
        "The device reports a fault of its own: look at its display, then switch it off and on.",
        "장치가 자체 고장을 알립니다. 장치 표시창을 확인한 뒤 전원을 껐다 켜십시오.",
    ),
    5: _refused(
        warning,
        "The device is still at work on an earlier request. If it stays so, raise poll_s.",
        "장치가 앞선 요청을 아직 처리하고 있습니다. 계속되면 poll_s를 늘리십시오.",
    ),
    6: _refused(
        warning,
        "The device is busy. If it stays so, raise poll_s or end other programs that read it.",
        "장치가 바쁩니다. 계속되면 poll_s를 늘리거나 이 장치를 읽는 다른 프로그램을 끄십시오.",
    ),
    8: _refused(
        failure,
        "The memory of the device is damaged there: switch it off and on; if it stays so, have it replaced.",
        "장치의 해당 메모리가 손상되었습니다. 전원을 껐다 켜고, 계속되면 장치 교체를 요청하십시오.",
    ),
}
OTHER_EXCEPTION = _refused(
    failure,
    "Look up this exception code in the device's manual.",
    "장치 설명서에서 이 예외 코드의 뜻을 확인하십시오.",
)
BLOCK_SILENT = failure(
    "{subject}: unit {unit} is silent when asked for {blocks}, and answers the rest.",
    "장치 {subject}(국번 {unit}): {blocks} 요청에만 응답이 없습니다.",
    "Some devices do not answer requests for addresses that they lack: compare with the manual, or take the tags out.",
    "없는 주소의 요청을 무시하는 장치입니다. 주소를 설명서와 비교하거나 해당 태그를 빼십시오.",
)

OTHER_NODE = failure(
    "{subject}: the server cannot give {tags}: {status}.",
    "장치 {subject}: 서버가 {tags} 값을 주지 못합니다: {status}.",
    "The status is the server's own word: look at these tags in the machine's controller.",
    "서버가 알린 상태입니다. 설비 제어기에서 해당 태그를 확인하십시오.",
)
POLLS_LATE = warning(
    "{subject}: polls take longer than {poll_s:g} s; {late} were skipped so far and are gaps.",
    "장치 {subject}: 폴링이 {poll_s:g}초보다 오래 걸려 지금까지 {late}회를 건너뛰었고 결측으로 남았습니다.",
    "Raise poll_s of the device, or read fewer tags over this line.",
    "장치의 poll_s를 늘리거나 이 회선에서 읽는 태그를 줄이십시오.",
)
DEVICE_CLOCK = warning(
    "{subject}: its clock is off by {off_s:+.0f} s; its readings count at the time when they were received.",
    "장치 {subject}: 시계가 {off_s:+.0f}초 어긋나 수신 시각을 기준으로 기록합니다.",
    "Set the clock of the device, best by a time server (NTP) of the plant.",
    "장치의 시계를 맞추십시오. 사내 시간 서버(NTP) 사용을 권합니다.",
)
