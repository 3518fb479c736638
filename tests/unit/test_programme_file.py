"""Does a programme's file, and its list of plants, say all faults at once and by place?"""

import base64
from datetime import date
from pathlib import Path

import pytest
from sample_reports import key_of
from typer.testing import CliRunner

from commands.main import app
from config.enrolment import HEADINGS, EnrolledPlant, enrol, load_plants
from config.fault import InputError
from config.programme import load_programme
from config.secret_file import read_password

KEY = base64.b64encode(key_of(1).public_key().public_bytes_raw()).decode()
FILE = "programme: {id: iim, name: Programme}\nmqtt: {host: 127.0.0.1, port: 1883}\nplants: plants.csv\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "programme.yaml"
    file.write_text(text)
    return file


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as found:
        load_programme(written(folder, text))
    return [str(fault).split("programme.yaml")[-1] for fault in found.value.faults]


def test_a_file_says_what_it_must(tmp_path: Path) -> None:
    settings = load_programme(written(tmp_path, FILE))
    assert (settings.programme.id, settings.mqtt.version, settings.store.url) == ("iim", 5, "sqlite:///programme.db")


def test_all_faults_at_once_by_line_and_column(tmp_path: Path) -> None:
    text = "programme: {id: I}\nstore: {url: mysql://x}\nmqtt: {host: broker.example, prot: 1}\n"
    found = faults(tmp_path, text)
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in found] == [
        ":1:13: programme.id",
        ":2:9: store.url",
        ":3:30: mqtt.prot",
    ]
    beyond = faults(tmp_path, FILE.replace("127.0.0.1", "broker.example"))
    assert "ca_file: is required beyond this machine" in beyond[0]
    secret = faults(tmp_path, FILE + "store: {url: 'postgresql://me:secret@db/x'}\n")
    assert "must not hold a password" in secret[0]
    assert "secret" not in secret[0]
    absent = faults(tmp_path, FILE.replace("port: 1883", "username: u, password_file: no"))
    assert absent == [":2:38: mqtt.password_file: no is not there"]


def test_the_list_of_plants_has_faults_by_row(tmp_path: Path) -> None:
    path = tmp_path / "plants.csv"
    path.write_text(",".join(HEADINGS) + f"\nKR,,,,,,x,AAAA,soon\nkr-a-1,,,,,,-1,{KEY},2026-01-02\nkr-a-1,,,,,,,,\n")
    with pytest.raises(InputError) as found:
        load_plants(path)
    assert [str(fault).split("plants.csv")[-1].split(": ")[:2] for fault in found.value.faults] == [
        [":2:1", "plant"],
        [":2:7", "grant"],
        [":2:9", "joined"],
        [":2:8", "public_key"],
        [":3:7", "grant"],
        [":4:1", "plant"],
    ]


def test_enrolling_appends_and_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "plants.csv"
    first = EnrolledPlant("kr-a-1", "한빛, 정밀", "run", grant=60_000_000.5, public_key=KEY, joined=date(2026, 1, 2))
    enrol(path, first)
    before = path.read_bytes()
    path.write_bytes(before.rstrip(b"\n"))  # as an editor may leave it
    second = EnrolledPlant("kr-b-1")
    enrol(path, second)
    assert load_plants(path) == (first, second)
    assert path.read_bytes().startswith(before)
    for refused in (EnrolledPlant("kr-a-1"), EnrolledPlant("kr-c-1", public_key=KEY), EnrolledPlant("C")):
        with pytest.raises(InputError):
            enrol(path, refused)
    assert load_plants(path) == (first, second)
    assert [one.name for one in tmp_path.iterdir()] == ["plants.csv"]


def test_enrolling_keeps_the_encoding_and_order_of_the_list(tmp_path: Path) -> None:
    path = tmp_path / "plants.csv"
    headings = ("name", *(one for one in HEADINGS if one != "name"))
    path.write_bytes((",".join(headings) + "\n한빛,kr-a-1,,,,,,,\n").encode("cp949"))
    enrol(path, EnrolledPlant("kr-b-1", "동해"))
    assert "동해,kr-b-1" in path.read_bytes().decode("cp949")
    with pytest.raises(InputError, match="CP949"):
        enrol(path, EnrolledPlant("kr-c-1", "\U0001f600"))


def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("word\n")
    secret.chmod(0o644)
    with pytest.raises(InputError, match="owner alone"):
        read_password(secret)
    secret.chmod(0o600)
    assert read_password(secret) == "word"


def test_the_commands_from_enrolling_to_a_summary(tmp_path: Path) -> None:
    import json

    file = str(written(tmp_path, FILE))

    def ask(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["programme", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    assert "cannot be read" in ask("plants", file, code=2)
    ask("enrol", file, "--plant", "kr-a-1", "--public-key", KEY, "--stage", "run", "--joined", "2026-01-02")
    assert "already" in ask("enrol", file, "--plant", "kr-a-1", code=2)
    assert "public-key" in ask("enrol", file, "--plant", "kr-b-1", "--public-key", "AAAA", code=2)
    assert "plant" in ask("enrol", file, "--plant", "KR/B", code=2)
    enrolled = {"plant": "kr-a-1", "name": "", "stage": "run"}
    without = {"last_report": None, "received_to": 0, "missing": [], "late": True}
    assert json.loads(ask("plants", file, "--json")) == {"plants": [{**enrolled, **without}]}
    assert json.loads(ask("gaps", file, "--json")) == {"gaps": []}
    summary = json.loads(ask("summary", file, "--period", "month", "--at", "2026-11-22", "--json"))
    assert summary["headline"]["joined"] == 1
    assert list(summary) == ["headline", "kpis", "stages", "lead_companies"]
    for words in (("plants",), ("gaps",), ("summary",)):
        ask(*words, file)
    ask("summary", file, "--at", "soon", code=2)
    assert not (tmp_path / "programme.db").exists()
