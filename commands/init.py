"""`smartwings init DIR`: a commented site file, a tag list, an order file and a key pair to start from."""

import base64
import os
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import refuse, say

EXAMPLES = ("site.yaml", "press-line.csv", "orders/orders.csv")
KEY = "secrets/signing.pem"


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.", show_default=False)],
) -> None:
    """Write a commented site file, tag list, order file and key pair; print the public key."""
    there = [name for name in (*EXAMPLES, KEY) if (directory / name).exists()]
    if there:
        refuse(f"{directory}: has {', '.join(there)} already; nothing was written")
    examples = files("config").joinpath("examples")
    try:
        for name in EXAMPLES:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(examples.joinpath(name).read_bytes())
        public_key = new_signing_key(directory / KEY)
    except OSError as error:
        refuse(f"{error.filename}: cannot be written: {error.strerror}")
    for name in (*EXAMPLES, KEY):
        say(f"wrote {directory / name}")
    say(f"public key, for the programme: {public_key}")


def new_signing_key(path: Path) -> str:
    """Write a new key that only its owner may read; returns its public key as programmes want it. Raises OSError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
