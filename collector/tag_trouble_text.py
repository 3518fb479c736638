"""What is said of tags that have no value though their server answers, and what helps? One form for each StatusCode."""

from collector.trouble import Form, failure

_NO_NODE = failure(
    "{subject}: the server does not know the nodes of {tags}.",
    "장치 {subject}: 서버에 {tags}의 노드가 없습니다.",
    "Compare the node ids, and the namespace before them, with what the server has: smartwings browse {address}",
    "노드 ID와 그 앞의 네임스페이스를 서버에 있는 것과 비교하십시오: smartwings browse {address}",
)
_NOT_ALLOWED = failure(
    "{subject}: the server does not let us read {tags}.",
    "장치 {subject}: 서버가 {tags} 읽기를 허용하지 않습니다.",
    "Give the user of this connection the right to read these nodes at the server.",
    "서버에서 이 연결의 사용자에게 해당 노드의 읽기 권한을 주십시오.",
)
_NO_ELEMENT = failure(
    "{subject}: the arrays of {tags} have no such element.",
    "장치 {subject}: {tags}의 배열에 그 번호의 요소가 없습니다.",
    "Correct index of the tag, the first element is 0. How many there are: smartwings browse {address}",
    "태그의 index를 고치십시오. 첫 요소는 0입니다. 요소 수 확인: smartwings browse {address}",
)
_NO_VALUE = failure(
    "{subject}: the nodes of {tags} are no variables, or, with events, notify of nothing.",
    "장치 {subject}: {tags}의 노드가 변수가 아니거나, events 태그인데 이벤트를 알리지 않습니다.",
    "Take a variable: smartwings browse {address}. With events take the node of the machine, or i=2253.",
    "변수 노드를 쓰십시오: smartwings browse {address}. events 태그에는 설비 노드나 i=2253을 쓰십시오.",
)
OF_STATUS: dict[str, Form] = {
    "BadNodeIdUnknown": _NO_NODE,
    "BadNodeIdInvalid": _NO_NODE,
    "BadUserAccessDenied": _NOT_ALLOWED,
    "BadNotReadable": _NOT_ALLOWED,
    "BadIndexRangeNoData": _NO_ELEMENT,
    "BadIndexRangeInvalid": _NO_ELEMENT,
    "BadAttributeIdInvalid": _NO_VALUE,
    "BadTypeMismatch": failure(
        "{subject}: the values of {tags} are of a kind that their role cannot be.",
        "장치 {subject}: {tags}의 값 형식이 역할(role)에 맞지 않습니다.",
        "An array needs index, a structure field, a text another role. Which it is: smartwings browse {address}",
        "배열에는 index, 구조체에는 field, 문자열에는 다른 role이 필요합니다. 형식 확인: smartwings browse {address}",
    ),
    "BadNoMatch": failure(
        "{subject}: the structures of {tags} have no such field.",
        "장치 {subject}: {tags}의 구조체에 그 이름의 필드가 없습니다.",
        "Correct field of the tag. Which fields there are: smartwings browse {address}",
        "태그의 field를 고치십시오. 필드 이름 확인: smartwings browse {address}",
    ),
    "BadDataTypeIdUnknown": failure(
        "{subject}: the server does not say how the structures of {tags} are made up.",
        "장치 {subject}: 서버가 {tags}의 구조체 구성을 알려 주지 않습니다.",
        "Take plain variables instead, or update the server (DataTypeDefinition, OPC UA 1.04).",
        "일반 변수 노드를 쓰거나 서버를 업데이트하십시오(DataTypeDefinition, OPC UA 1.04).",
    ),
    "BadDecodingError": failure(
        "{subject}: the values of {tags} are not made up as the server says.",
        "장치 {subject}: {tags}의 값이 서버가 알린 구성과 다릅니다.",
        "Tell the maker of the server; take plain variables until then.",
        "서버 제조사에 알리고, 그때까지 일반 변수 노드를 쓰십시오.",
    ),
    "BadOutOfRange": failure(
        "{subject}: {tags} show a state without a name in states, or a number that is none.",
        "장치 {subject}: {tags}: states에 이름이 없는 상태이거나 숫자가 아닌 값입니다.",
        "Of a state: give the value that the machine shows now a name in states of the tag. Else look at the machine.",
        "상태 태그라면 지금 설비가 보내는 값의 이름을 태그의 states에 적으십시오. 아니면 설비를 확인하십시오.",
    ),
}
"""By the name of the StatusCode. Facts: subject, tags, address."""
