"""Is every bad certificate of a real server refused by name, and is what is accepted by name marked?"""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from certificates import DAY, NOW, Made, Wanted, authority, made, revocations
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from opcua_server import Press, running
from opcua_store import COUNT, Run, device, free_port

from collector.device_trouble_text import CONNECTION
from collector.page import meeting
from collector.page.drafts import Draft
from config.devices import OpcUaDevice
from connectors.device_health import Cause
from connectors.opcua import OpcUaConnector
from connectors.opcua_certificate import NotTrustedError, fingerprint, own_certificate, trusted_file
from connectors.opcua_security import trust
from connectors.reachability import Obstacle, UnreachableError
from plant.status_code import parse_status, status_name
from tests.acceptance.plant_files import run as smartwings

pytestmark = pytest.mark.timeout(60)
EXPIRED = Wanted(until=NOW - DAY, since=NOW - 2 * DAY)


class OneUser(UserManager):
    """Lets in one user by certificate; anybody while none is known."""

    def __init__(self) -> None:
        self.known: bytes | None = None

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        self.came = certificate
        return User(role=UserRole.User) if self.known in (None, certificate) else None


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncua's server is silent when it cannot decrypt what comes."""
    monkeypatch.setattr("connectors.opcua_connection.ANSWER_S", 1.0)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    own_certificate(folder)
    return folder / "certificates"


@pytest.fixture
def folder(own: Path, tmp_path: Path) -> Path:
    shutil.copytree(own, tmp_path / "certificates")
    (tmp_path / "trusted").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Press, Run]]:
    press = Press(free_port(), tmp_path_factory.mktemp("server"))
    press.server.iserver.set_user_manager(OneUser())
    with running(press) as run:
        yield press, run


@pytest.fixture
def show(server: tuple[Press, Run]) -> Callable[[Made], OpcUaDevice]:
    """Have the server show a certificate; the device that it then is."""
    press, run = server

    def shown(one: Made, **settings: Any) -> OpcUaDevice:
        run(press.show(one.der, one.key_pem))
        return device(press.port, COUNT, **{"security": "Basic256Sha256", **settings})

    return shown


def pin(folder: Path, one: Made) -> None:
    trusted_file(folder, "press").write_bytes(one.der)


def came(settings: OpcUaDevice, folder: Path) -> tuple[str, str, Cause | None]:
    """What reading the device once comes to: status of the reading, and the last error with its cause."""
    connector = OpcUaConnector(settings, folder)
    batch = asyncio.run(connector.read_once()).batch
    assert batch is not None
    return status_name(int(batch.status[0])), connector.health.last_error or "", connector.health.last_cause


def refused(found: tuple[str, str, Cause | None], status: str, cause: Cause, said: str) -> None:
    """It was refused with this status and cause, in these words, and has a remedy of its own."""
    assert (found[0], found[2]) == (status, cause)
    assert said in found[1]
    assert CONNECTION[cause].remedy.en not in {form.remedy.en for one, form in CONNECTION.items() if one is not cause}


SOUND = made()


def test_a_sound_certificate_is_trusted_once_and_then_read(show: Any, folder: Path) -> None:
    settings = show(SOUND)
    refused(came(settings, folder), "BadCertificateUntrusted", Cause.NOT_TRUSTED, "not trusted")
    asyncio.run(trust(settings, folder))
    assert came(settings, folder) == ("Good", "", None)


@pytest.mark.parametrize(
    ("wanted", "status", "cause", "name"),
    [
        (EXPIRED, "BadCertificateTimeInvalid", Cause.CERTIFICATE_EXPIRED, "expired"),
        (Wanted(since=NOW + DAY), "BadCertificateTimeInvalid", Cause.CERTIFICATE_NOT_YET_VALID, "not_yet_valid"),
        (Wanted(uris=("urn:other",)), "BadCertificateUriInvalid", Cause.CERTIFICATE_URI, "uri"),
        (Wanted(hosts=("10.0.0.9",)), "BadCertificateHostNameInvalid", Cause.CERTIFICATE_HOST, "host"),
        (
            Wanted(extended=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
            "BadCertificateUseNotAllowed",
            Cause.CERTIFICATE_USE,
            "use",
        ),
    ],
)
def test_a_flaw_is_refused_by_name_when_pinned_and_when_connecting_unless_it_is_accepted(
    show: Any, folder: Path, wanted: Wanted, status: str, cause: Cause, name: str
) -> None:
    bad = made(wanted)
    settings = show(bad)
    with pytest.raises(NotTrustedError, match=rf"refused: {name} \(") as raised:
        asyncio.run(trust(settings, folder))
    assert raised.value.cause is cause
    assert not trusted_file(folder, "press").exists()
    pin(folder, bad)
    refused(came(settings, folder), status, cause, f"refused: {name} (")
    remedy = CONNECTION[cause].remedy
    assert f"certificate_exceptions: [{name}]" in remedy.en
    assert f"certificate_exceptions: [{name}]" in remedy.ko
    other = "host" if name != "host" else "use"
    refused(came(show(bad, certificate_exceptions=[other]), folder), status, cause, name)
    accepting = show(bad, certificate_exceptions=[name])
    trusted_file(folder, "press").unlink()
    asyncio.run(trust(accepting, folder))
    assert came(accepting, folder) == ("Good", "", None)
    assert OpcUaConnector(accepting, folder).health.as_json()["security_exceptions"] == [name]


def test_a_weak_key_is_refused_whatever_is_accepted(show: Any, folder: Path) -> None:
    weak = made(Wanted(bits=1024))
    every = ["expired", "not_yet_valid", "host", "uri", "use", "signature"]
    settings = show(weak, certificate_exceptions=every)
    with pytest.raises(NotTrustedError, match=r"key \(its key has 1024 bits"):
        asyncio.run(trust(settings, folder))
    pin(folder, weak)
    refused(came(settings, folder), "BadCertificatePolicyCheckFailed", Cause.CERTIFICATE_WEAK, "1024 bits")


def test_nothing_is_sent_to_whoever_has_a_flawed_certificate(folder: Path) -> None:
    pin(folder, made(Wanted(curve=True)))
    nobody = device(free_port(), COUNT, security="Basic256Sha256")
    refused(came(nobody, folder), "BadCertificatePolicyCheckFailed", Cause.CERTIFICATE_WEAK, "not RSA")


def test_a_certificate_swapped_after_pinning_and_another_servers_are_refused(show: Any, folder: Path) -> None:
    asyncio.run(trust(show(SOUND), folder))
    swapped = show(made())
    refused(came(swapped, folder), "BadCertificateUntrusted", Cause.NOT_TRUSTED, "the trusted one has")
    pin(folder, made(Wanted(uris=("urn:other",), hosts=("10.0.0.9", "127.0.0.1"))))
    refused(came(swapped, folder), "BadCertificateUntrusted", Cause.NOT_TRUSTED, "the trusted one has")


CA = authority()
SIGNED = made(issuer=CA)


@pytest.fixture
def by_authority(folder: Path) -> dict[str, str]:
    (folder / "ca.pem").write_bytes(CA.pem)
    (folder / "crl.pem").write_bytes(revocations(CA).public_bytes(Encoding.PEM))
    return {"ca_file": "ca.pem", "revocation_file": "crl.pem"}


def test_whom_an_authority_signed_is_read_without_pinning(
    show: Any, folder: Path, by_authority: dict[str, str]
) -> None:
    settings = show(SIGNED, **by_authority)
    assert came(settings, folder) == ("Good", "", None)
    assert came(show(made(issuer=CA), **by_authority), folder) == ("Good", "", None)
    with pytest.raises(NotTrustedError, match="nothing to pin"):
        asyncio.run(trust(settings, folder))


BETWEEN = authority("between", CA)


@pytest.mark.parametrize(
    ("bad", "status", "cause", "said"),
    [
        (made(), "BadCertificateUntrusted", Cause.CERTIFICATE_ISSUER, "issuer ("),
        (made(issuer=BETWEEN), "BadCertificateUntrusted", Cause.CERTIFICATE_ISSUER, "issuer: CN=between"),
        (made(issuer=authority()), "BadCertificateUntrusted", Cause.CERTIFICATE_ISSUER, "issuer ("),
        (
            made(Wanted(hosts=("10.0.0.9",), uris=("urn:other",)), CA),
            "BadCertificateUriInvalid",
            Cause.CERTIFICATE_URI,
            "host (",
        ),
        (made(EXPIRED, CA), "BadCertificateTimeInvalid", Cause.CERTIFICATE_EXPIRED, "expired ("),
    ],
    ids=["self-made", "chain-break", "authority-of-the-same-name", "other-server", "expired"],
)
def test_what_no_authority_signed_for_this_server_is_refused(
    show: Any, folder: Path, by_authority: dict[str, str], bad: Made, status: str, cause: Cause, said: str
) -> None:
    pin(folder, bad)  # ca_file says whom to trust: a pinned file is not looked at
    refused(came(show(bad, **by_authority), folder), status, cause, said)


def test_a_revoked_certificate_and_one_without_a_list_in_date_are_refused(
    show: Any, folder: Path, by_authority: dict[str, str]
) -> None:
    settings = show(SIGNED, **by_authority)
    lists = folder / "crl.pem"
    lists.write_bytes(revocations(CA, [SIGNED]).public_bytes(Encoding.PEM))
    refused(came(settings, folder), "BadCertificateRevoked", Cause.CERTIFICATE_REVOKED, "has revoked it")
    lists.write_bytes(revocations(CA, until=NOW - DAY / 2).public_bytes(Encoding.PEM))
    unknown = came(settings, folder)
    refused(unknown, "BadCertificateRevocationUnknown", Cause.REVOCATION_UNKNOWN, "in date")
    lists.write_bytes(b"no list")
    assert came(settings, folder)[2] is Cause.CERTIFICATE_FILE


def test_a_clock_that_cannot_be_right_is_told_as_such_and_reading_goes_on_once_it_is_set(
    show: Any, folder: Path, by_authority: dict[str, str]
) -> None:
    asyncio.run(trust(show(SOUND), folder))
    for one, keys in ((SIGNED, by_authority), (SOUND, {})):
        connector = OpcUaConnector(show(one, **keys), folder)
        with time_machine.travel(1000.0):
            asyncio.run(connector.read_once())
        assert connector.health.last_cause is Cause.CLOCK
        assert "this machine's clock shows 1970-01-01" in (connector.health.last_error or "")
        batch = asyncio.run(connector.read_once()).batch
        assert batch is not None
        assert batch.status.tolist() == [parse_status("Good")]


@pytest.mark.parametrize("mode", ["Sign", "none"])
def test_a_server_that_no_longer_encrypts_is_not_read_any_less_securely(
    server: tuple[Press, Run], show: Any, folder: Path, mode: str
) -> None:
    press, _ = server
    settings = show(SOUND)
    asyncio.run(trust(settings, folder))
    before = press.server._security_policy
    weaker = ua.SecurityPolicyType.NoSecurity if mode == "none" else ua.SecurityPolicyType.Basic256Sha256_Sign
    try:
        press.server.set_security_policy([weaker])
        found = came(show(SOUND), folder)
    finally:
        press.server.set_security_policy(before)
    assert found[0] != "Good"
    assert found[2] is Cause.NOT_OFFERED
    assert "does not offer Basic256Sha256 with SignAndEncrypt" in found[1]


def test_a_user_signs_in_by_certificate(server: tuple[Press, Run], show: Any, folder: Path) -> None:
    users = server[0].server.iserver.user_manager
    assert isinstance(users, OneUser)
    kim = made(Wanted(uris=(), hosts=(), extended=None, name="kim"))
    (folder / "kim.pem").write_bytes(kim.pem)
    (folder / "kim.key").write_bytes(kim.key_pem)
    (folder / "kim.key").chmod(0o600)
    settings = show(SOUND, user_certificate_file="kim.pem", user_key_file="kim.key")
    asyncio.run(trust(settings, folder))
    users.known = kim.der
    try:
        assert came(settings, folder) == ("Good", "", None)
        assert users.came == kim.der
        nobody = came(show(SOUND), folder)
        assert (nobody[0], nobody[2]) == ("BadUserAccessDenied", Cause.SIGN_IN_REFUSED)
    finally:
        users.known = None
    (folder / "kim.key").chmod(0o640)
    assert "chmod 600" in came(settings, folder)[1]
    (folder / "kim.key").chmod(0o600)
    (folder / "kim.key").write_bytes(SOUND.key_pem)
    assert came(settings, folder)[1:] == ("kim.key is not the key of kim.pem", Cause.CERTIFICATE_FILE)


def test_the_page_offers_to_accept_what_may_be_accepted_and_puts_it_into_the_site_file(show: Any, folder: Path) -> None:
    def met(one: Made) -> Draft:
        settings = {"protocol": "opcua", "endpoint": show(one).endpoint}
        draft = Draft("me", "press", "opcua", settings, "", 0.0)
        with pytest.raises(UnreachableError) as raised:
            asyncio.run(meeting.trust(draft, meeting.device_of(draft, None), folder, fingerprint(one.der)))  # type: ignore[arg-type]
        assert raised.value.obstacle is Obstacle.CERTIFICATE
        draft.obstacle = raised.value
        return draft

    bad = made(Wanted(until=NOW - DAY, since=NOW - 2 * DAY, hosts=()))
    draft = met(bad)
    assert draft.acceptable == ("expired", "host")
    draft.accept_flaws()
    draft.obstacle = None
    assert draft.settings is not None
    assert draft.settings["certificate_exceptions"] == ["expired", "host"]
    asyncio.run(meeting.trust(draft, meeting.device_of(draft, None), folder, fingerprint(bad.der)))  # type: ignore[arg-type]
    assert trusted_file(folder, "press").read_bytes() == bad.der
    weak = met(made(Wanted(bits=1024, hosts=())))
    weak.accept_flaws()
    assert weak.acceptable == ()
    assert "certificate_exceptions" not in (weak.settings or {})


def test_no_password_leaves_in_clear_even_where_settings_were_not_checked(folder: Path) -> None:
    unchecked = device(4840, COUNT, username="kim", password_file="secret", security="Basic256Sha256")
    settings = unchecked.model_copy(update={"security": "none"})
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(0o600)
    assert came(settings, folder)[1] == "a password is never sent over a channel that is not encrypted"


def test_the_command_that_trusts_says_what_is_wrong_and_what_helps(show: Any, folder: Path) -> None:
    trusted = made(EXPIRED)
    settings = show(trusted)
    site = folder / "site.yaml"
    text = "plant: {id: abc, time_zone: Asia/Seoul}\n"
    text += f"devices:\n- {{id: press, protocol: opcua, endpoint: '{settings.endpoint}'"
    site.write_text(text + "}\n")
    no = smartwings("trust", str(site), "press")
    assert no.code == 2
    assert "expired (it ended on" in no.err
    assert "what to do: " in no.err
    assert "certificate_exceptions: [expired]" in no.err
    met = ("browse", settings.endpoint, "--fingerprint", fingerprint(trusted.der))
    assert "expired (it ended on" in smartwings(*met).err
    assert smartwings(*met, "--accept", "expired").code == 0
    site.write_text(text + ", certificate_exceptions: [expired]}\n")
    assert ", accepting expired\n" in smartwings("trust", str(site), "press").out
    checked = smartwings("check", str(site))
    assert "warning: press: is less than secure, as accepted by expired\n" in checked.out


SITE = """\
plant: {{id: kr-test-0001, time_zone: Asia/Seoul}}
devices:
  - {{id: press, protocol: opcua, endpoint: "{endpoint}"{more}}}
"""


@pytest.mark.parametrize(
    ("shown", "more"),
    [(SIGNED, ", ca_file: ca.pem, revocation_file: crl.pem"), (made(EXPIRED), ", certificate_exceptions: [expired]")],
    ids=["by an authority", "with an exception"],
)
def test_browsing_for_a_plant_trusts_its_device_as_its_settings_say(
    show: Any, folder: Path, by_authority: dict[str, str], shown: Made, more: str
) -> None:
    endpoint = show(shown).endpoint
    (folder / "site.yaml").write_text(SITE.format(endpoint=endpoint, more=more), encoding="utf-8")
    done = smartwings("browse", endpoint, "--site", str(folder / "site.yaml"), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["variables"]
    assert not (folder / "trusted" / "browsed.der").exists(), "nobody else is trusted for it"
