"""What may be said of the plant engineer's page? Where it is served, by which names, and who may sign in."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from config.devices import is_loopback
from config.model import Settings, Text

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _listen_address(listen: str) -> str:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be an address and port, as in 127.0.0.1:8420")
    if not _is_address(host) and not is_loopback(host):
        raise ValueError("must be an address of this machine, not a name, as in 192.168.0.20:8420")
    return listen


def _host_name(host: str) -> str:
    name = host.lower().strip("[]")
    if len(name) > 253 or not (_is_address(name) or _HOST_NAME.fullmatch(name)):
        raise ValueError("must be a host name or an address, without port, as in edge1.plant.example")
    return name


class PageSettings(Settings):
    """The plant engineer's page. Absent: no page. Other machines reach it only with TLS and a password set."""

    listen: Annotated[Text, AfterValidator(_listen_address)] = "127.0.0.1:8420"
    """Address and port. Beyond this machine it needs `certificate_file`, `key_file` and an account."""
    certificate_file: Text | None = None
    """The page's TLS certificate and those above it, PEM; `smartwings certificate` makes one."""
    key_file: Text | None = None
    """The certificate's private key, PEM, readable by its owner alone."""
    hosts: tuple[Annotated[Text, AfterValidator(_host_name)], ...] = ()
    """Names and addresses by which browsers reach the page, beside that of `listen`; any other is refused."""
    accounts_file: Text = "secrets/page-accounts.json"
    """Who may sign in, readable by its owner alone; `smartwings password` writes it."""

    @model_validator(mode="after")
    def _protected_beyond_this_machine(self) -> Self:
        given = {"certificate_file": self.certificate_file, "key_file": self.key_file}
        missing = [name for name, file in given.items() if file is None]
        if self.beyond_this_machine and missing:
            where = "hosts" if is_loopback(self.host) else "listen"
            raise ValueError(f"{where}: beyond this machine the page needs TLS: {' and '.join(missing)}")
        if len(missing) == 1:
            raise ValueError(f"{missing[0]}: is required with {next(name for name in given if name not in missing)}")
        if self.listens_everywhere and not self.hosts:
            raise ValueError("hosts: is required, since listen names no address that a browser could ask for")
        return self

    @property
    def host(self) -> str:
        """The address that is listened on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def listens_everywhere(self) -> bool:
        """Whether the address stands for all of this machine."""
        return _is_address(self.host) and ipaddress.ip_address(self.host).is_unspecified

    @property
    def beyond_this_machine(self) -> bool:
        """Whether other machines may reach the page, themselves or through a proxy; then everybody signs in."""
        return not all(is_loopback(host) for host in (self.host, *self.hosts))

    @property
    def address(self) -> str:
        """The page's address in a browser on this machine, or, where it is not served there, by its first name."""
        host = self.hosts[0] if self.listens_everywhere else self.host
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certificate_file else 'http'}://{shown}:{self.port}"
