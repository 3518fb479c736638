"""Who may sign in to the page? A file of names, roles and password hashes that only its owner may read."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from collector.page.access import Role
from config.fault import file_fault
from config.secret_file import read_secret, write_secret

NAME = re.compile(r"[A-Za-z0-9가-힣][A-Za-z0-9가-힣_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person or machine that may sign in; must_change: the password was given by somebody else."""

    name: str
    role: Role
    password_hash: str
    must_change: bool = False

    @property
    def stamp(self) -> str:
        """Changes with password and role: what was begun under another stamp is over."""
        return sha256(f"{self.role} {self.must_change} {self.password_hash}".encode()).hexdigest()


class Accounts:
    """The accounts of a file, read again whenever it has changed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen: tuple[int, int, int] | None = None
        self._by_name: dict[str, Account] = {}

    def find(self, name: str) -> Account | None:
        """The account of a name. Raises InputError for a file that cannot be taken."""
        return self.all().get(name)

    def all(self) -> dict[str, Account]:
        """Every account by its name; none where there is no file. Raises InputError."""
        try:
            state = self.file.stat()
        except OSError:
            self._seen, self._by_name = None, {}
            return self._by_name
        seen = (state.st_ino, state.st_mtime_ns, state.st_ctime_ns)
        if seen != self._seen:
            self._by_name = _read(self.file)
            self._seen = seen
        return self._by_name

    def keep(self, account: Account) -> None:
        """Add an account or change it. Raises InputError."""
        with self._alone():
            self._write({**_there(self.file), account.name: account})

    def replace(self, before: Account, after: Account) -> bool:
        """Change an account unless somebody else has meanwhile, which gives False. Raises InputError."""
        with self._alone():
            there = _there(self.file)
            if there.get(before.name) != before:
                return False
            self._write({**there, after.name: after})
            return True

    def remove(self, name: str) -> bool:
        """Remove an account; False when there is none of that name. Raises InputError."""
        with self._alone():
            there = _there(self.file)
            if name not in there:
                return False
            self._write({other: account for other, account in there.items() if other != name})
            return True

    def _write(self, accounts: dict[str, Account]) -> None:
        rows = [{**asdict(account), "role": account.role.name.lower()} for account in accounts.values()]
        content = json.dumps({"accounts": rows}, ensure_ascii=False, indent=1) + "\n"
        try:
            write_secret(self.file, content.encode())
        except OSError as error:
            raise file_fault(self.file, f"cannot be written: {error.strerror}") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self.file.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise file_fault(self.file, f"cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _there(file: Path) -> dict[str, Account]:
    return _read(file) if file.exists() else {}


def _read(file: Path) -> dict[str, Account]:
    try:
        rows = json.loads(read_secret(file))["accounts"]
        accounts = [_account(**row) for row in rows]
    except (ValueError, KeyError, TypeError):
        raise file_fault(file, "is not a list of accounts; write it with: smartwings password") from None
    return {account.name: account for account in accounts}


def _account(name: str, role: str, password_hash: str, must_change: bool) -> Account:
    if not NAME.fullmatch(name) or role not in ("viewer", "admin"):
        raise ValueError(name)
    return Account(name, Role[role.upper()], str(password_hash), bool(must_change))
