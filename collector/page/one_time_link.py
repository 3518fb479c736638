"""How does whoever owns the store become the page's administrator without a password? By a link that works once.

`smartwings sign-in` leaves the hash of the link's secret in a file beside the store; only the store's owner can write
there, and who can write the store may do everything anyway.
"""

import json
import os
import secrets
import stat
import time
from hashlib import sha256
from pathlib import Path

from config.secret_file import write_secret

VALID_S = 600.0
_MOST_BYTES = 4096


def link_file(store: Path) -> Path:
    """Where the hash of a store's link lies."""
    return store.with_name(store.name + ".sign-in")


def new_link(store: Path, now_s: float | None = None) -> str:
    """The secret of a new link, which takes the place of any before. Raises OSError.

    Made by the superuser it belongs to the store's owner, as whom the page runs.
    """
    secret = secrets.token_urlsafe(32)
    now_s = time.time() if now_s is None else now_s
    file, owner = link_file(store), store.stat()
    write_secret(file, json.dumps({"sha256": _hashed(secret), "until_s": now_s + VALID_S}).encode())
    if owner.st_uid != os.geteuid():
        os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return secret


def take(store: Path, secret: str, now_s: float | None = None) -> bool:
    """Whether a secret is that of a link that was made for us, and not used or expired; from now on it is used."""
    now_s = time.time() if now_s is None else now_s
    file = link_file(store)
    try:
        said = json.loads(_read(file))
        right = secrets.compare_digest(said["sha256"], _hashed(secret))
        if not right:
            return False
        file.unlink()  # whoever removes it has used it
        return bool(0 <= said["until_s"] - now_s <= VALID_S)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _read(file: Path) -> bytes:
    """Content of the file if it is ours alone. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as content:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
            raise PermissionError(f"{file.name} is not ours alone")
        return content.read(_MOST_BYTES)


def _hashed(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
