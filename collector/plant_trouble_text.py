"""What is said when collecting, keeping or reporting is in trouble, and what helps?"""

from collector.trouble import failure, warning

NOT_RUNNING = failure(
    "The collector is not running: nothing is read or stored.",
    "수집기가 실행 중이 아닙니다. 아무것도 읽거나 저장하지 않습니다.",
    "Start it: systemctl start smartwings, or smartwings run SITE. What it missed becomes one gap a device.",
    "수집기를 시작하십시오: systemctl start smartwings 또는 smartwings run SITE. 놓친 시간은 장치별 결측으로 남습니다.",
)
NOT_ANSWERING = failure(
    "The collector is running, but does not answer.",
    "수집기가 실행 중이지만 응답하지 않습니다.",
    "Wait a minute; if it stays so, start it again: systemctl restart smartwings.",
    "1분쯤 기다려도 그대로면 다시 시작하십시오: systemctl restart smartwings.",
)
STORE_FAULT = failure(
    "Readings cannot be stored: {why}.",
    "기록을 저장할 수 없습니다: {why}.",
    "Make room on the disk, and see that the folder of the store may be written. It is tried every second; until then"
    " OPC UA servers keep what they can, and Modbus polls are missed.",
    "디스크 공간을 비우고 저장소 폴더의 쓰기 권한을 확인하십시오. 매초 다시 시도합니다. 그동안 OPC UA 서버는"
    " 보관할 수 있는 만큼 보관하고, Modbus 폴링은 결측이 됩니다.",
)
DISK_LOW = failure(
    "The disk of the store is nearly full: {free:.1%} left.",
    "저장소 디스크가 거의 찼습니다: {free:.1%} 남음.",
    "Delete other files from this disk, use a larger one, or let old readings go (store.keep_days).",
    "이 디스크의 다른 파일을 지우거나, 더 큰 디스크를 쓰거나, 오래된 기록을 지우도록 설정하십시오(store.keep_days).",
)
DISK_FULL = failure(
    "The disk of the store is full ({free:.1%} left): no readings are taken until there is room.",
    "저장소 디스크가 가득 찼습니다({free:.1%} 남음). 공간이 생길 때까지 값을 받지 않습니다.",
    "Delete other files from this disk or use a larger one. Collecting goes on by itself; until then OPC UA servers"
    " keep what they can, and Modbus polls are missed.",
    "이 디스크의 다른 파일을 지우거나 더 큰 디스크를 쓰십시오. 공간이 생기면 자동으로 계속합니다. 그동안 OPC UA 서버는"
    " 보관할 수 있는 만큼 보관하고, Modbus 폴링은 결측이 됩니다.",
)
LOG_LONG = warning(
    "The write-ahead log of the store has grown to {size} MiB.",
    "저장소의 WAL 파일이 {size} MiB로 커졌습니다.",
    "A program holds the store open for reading: end long exports, copies and queries of plant.db.",
    "어떤 프로그램이 저장소를 계속 읽고 있습니다. 오래 걸리는 내보내기, 복사, plant.db 조회를 끝내십시오.",
)
FILE_DAMAGED = failure(
    "The file of the store was damaged. It is kept as {name}; a new one was begun, and what can be read is taken over.",
    "저장소 파일이 손상되었습니다. {name} 이름으로 보관하고 새 파일로 계속하며, 읽을 수 있는 기록을 옮깁니다.",
    "Check the disk and its power supply (smartctl -a, dmesg) and replace it if in doubt. If readings are missing,"
    " restore a backup. Delete the damaged file when it is needed no more.",
    "디스크와 전원을 점검하고(smartctl -a, dmesg) 의심되면 교체하십시오. 빠진 기록이 있으면 백업을 복원하십시오."
    " 손상된 파일이 더 필요 없으면 지우십시오.",
)
ROWS_DAMAGED = failure(
    "{rows} damaged rows of the store with {readings} readings were set aside; their times are gaps.",
    "저장소에서 손상된 행 {rows}개(기록 {readings}건)를 따로 두었습니다. 해당 시간은 결측입니다.",
    "Check the disk and its power supply (smartctl -a, dmesg) and replace it if in doubt; import the readings again or"
    " restore a backup. This is shown for 7 days.",
    "디스크와 전원을 점검하고(smartctl -a, dmesg) 의심되면 교체하십시오. 기록을 다시 가져오거나 백업을 복원하십시오."
    " 이 알림은 7일 동안 표시됩니다.",
)
DISK_FILLS = warning(
    "At the present rate the disk of the store is full in {days:.1f} days.",
    "지금 속도로는 저장소 디스크가 {days:.1f}일 뒤에 가득 찹니다.",
    "Delete other files from this disk, use a larger one, or let old readings go (store.keep_days).",
    "이 디스크의 다른 파일을 지우거나, 더 큰 디스크를 쓰거나, 오래된 기록을 지우도록 설정하십시오(store.keep_days).",
)
CLOCK_WRONG = failure(
    "The clock of this machine is not trusted: {why}. {count} readings could not be dated and were not stored.",
    "이 컴퓨터의 시계를 믿을 수 없습니다({why}). 시각을 정할 수 없는 기록 {count}건은 저장하지 않았습니다.",
    "Set it, best by a time server (timedatectl set-ntp true); storing goes on at once by itself. If it starts wrong"
    " again and again, replace the battery on the main board. If it is right and what is stored is dated too late, set"
    " it once more by some seconds while the collector runs.",
    "시계를 맞추십시오. 시간 서버가 가장 좋습니다(timedatectl set-ntp true). 맞추면 바로 저장을 다시 시작합니다."
    " 켤 때마다 틀리면 메인보드 배터리를 교체하십시오. 시계는 맞는데 저장된 기록의 시각이 너무 늦은 것이라면,"
    " 수집 중에 시계를 몇 초 다시 맞추십시오.",
)
LOOP_LATE = warning(
    "The collector was held up for {late_s:.1f} s within the last minute: everything it does waited for that long.",
    "최근 1분 안에 수집기가 {late_s:.1f}초 동안 멈춰 있었습니다. 그동안 모든 작업이 기다렸습니다.",
    "This machine is too busy, out of memory or asleep for moments: end other programs, see that it does not swap,"
    " give a virtual machine a core of its own. If it stays so, read fewer tags or less often.",
    "이 컴퓨터가 너무 바쁘거나 메모리가 부족하거나 잠시 멈춘 것입니다. 다른 프로그램을 끝내고, 스왑을 쓰지 않는지"
    " 확인하고, 가상 머신이면 전용 코어를 주십시오. 계속되면 태그 수나 수집 빈도를 줄이십시오.",
)
CLOCK_STEPPED = warning(
    "The clock of this machine was set by {step_s:+.1f} s while the collector ran.",
    "수집 중에 이 컴퓨터의 시계가 {step_s:+.1f}초 바뀌었습니다.",
    "Let the clock follow a time server (timedatectl set-ntp true); readings around the step may be out of order.",
    "시계를 시간 서버에 맞추십시오(timedatectl set-ntp true). 바뀐 시점 전후의 기록은 순서가 다를 수 있습니다.",
)
BROKER = failure(
    "Reports cannot be sent: {why}.",
    "보고를 보낼 수 없습니다: {why}.",
    "Nothing is lost: reports wait and go out by themselves. Check mqtt.host and port, the firewall, user name and"
    " password; ask the programme whether its broker runs.",
    "사라지는 것은 없습니다. 보고는 대기하다가 자동으로 전송됩니다. mqtt.host와 port, 방화벽, 사용자 이름과"
    " 비밀번호를 확인하고, 사업단 브로커가 동작하는지 문의하십시오.",
)
UNANSWERED = warning(
    "{count} reports wait for the programme's acknowledgement, the oldest for {hours:.1f} h.",
    "보고 {count}건이 사업단의 확인을 기다립니다. 가장 오래된 것은 {hours:.1f}시간 지났습니다.",
    "The broker is reached, the programme does not answer: ask whether its receiver runs and knows this plant.",
    "브로커에는 연결되지만 사업단이 응답하지 않습니다. 수신 프로그램과 이 공장의 등록 여부를 문의하십시오.",
)
REJECTED = failure(
    "The programme refused report {subject}: {why}.",
    "사업단이 보고를 거부했습니다: {subject} ({why}).",
    "Put right what it names together with the programme (key, plant id, programme name), then: smartwings reports"
    " SITE --resend {sequence}-{sequence}",
    "사업단과 함께 거부 사유(키, 공장 ID, 사업 이름)를 바로잡은 뒤: smartwings reports SITE --resend"
    " {sequence}-{sequence}",
)
IMPOSSIBLE = failure(
    "Report {subject} cannot be made: {why}.",
    "보고를 만들 수 없습니다: {subject} ({why}).",
    "If it is too large, report fewer scopes (mqtt.scopes) and start the collector again.",
    "너무 크면 보고 범위(mqtt.scopes)를 줄이고 수집기를 다시 시작하십시오.",
)
TASK = failure(
    "A part of the collector fails: {subject} ({why}).",
    "수집기의 일부가 실패합니다: {subject} ({why}).",
    "It is started again by itself. If it stays so, make a support bundle (System page) and send it to us.",
    "자동으로 다시 시작합니다. 계속되면 시스템 화면에서 지원 파일을 만들어 보내 주십시오.",
)
TAGS_BAD = warning(
    "{subject}: {tags} read Bad ({status}).",
    "장치 {subject}: {tags} 상태가 Bad입니다({status}).",
    "The device answers, but says that these values are not good: look at the transmitter and its wiring.",
    "장치는 응답하지만 값이 정상이 아니라고 알립니다. 해당 계측기·변환기와 배선을 확인하십시오.",
)
SETTINGS_CHANGED = warning(
    "The site file was changed after the collector had started; it still works by the old one.",
    "수집기를 시작한 뒤 사이트 파일이 바뀌었습니다. 수집기는 아직 이전 설정으로 동작합니다.",
    "Check it (smartwings check SITE), then start the collector again: systemctl restart smartwings.",
    "확인(smartwings check SITE)한 뒤 수집기를 다시 시작하십시오: systemctl restart smartwings.",
)
