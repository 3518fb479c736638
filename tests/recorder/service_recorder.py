"""Which OPC UA services does this process ask for? Watches what asyncua is about to sign and encrypt, so every channel.

A request is known by the type that its bytes begin with, whatever code made them; answers of servers are left alone.
asyncua is watched from when it is imported, and never imported for this. Children watch themselves
(`sitecustomize.py`).
"""

import functools
import importlib.abc
import importlib.machinery
import json
import os
import sys
from pathlib import Path

FOLDER = "SMARTWINGS_FUNCTION_CODES"
"""Environment variable: the folder in which each process notes what it sends."""
SUFFIX = ".services"
MODULE = "asyncua.common.connection"

_noted: set[tuple[str, str]] = set()


def service_of(message: bytes) -> str | None:
    """The name of a request's service by its type (OPC 10000-6 5.2.2.9, Annex A); None for a server's answer.

    What has no such name comes as the bytes that it begins with.
    """
    from asyncua.ua.object_ids import ObjectIdNames

    number = None
    if message[:1] == b"\0":
        number = message[1]
    elif message[:2] == b"\1\0":
        number = int.from_bytes(message[2:4], "little")
    elif message[:3] == b"\2\0\0":
        number = int.from_bytes(message[3:7], "little")
    name, _, encoding = ObjectIdNames.get(number, "").partition("_Encoding_")
    if encoding and (name.endswith("Response") or name == "ServiceFault"):
        return None
    return name.removesuffix("Request") if encoding and name.endswith("Request") else message[:8].hex()


def _note(service: str | None) -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if service is None or (service, test) in _noted or not (folder := os.environ.get(FOLDER)):
        return
    _noted.add((service, test))
    line = json.dumps({"service": service, "test": test, "command": sys.argv})
    with (Path(folder) / f"{os.getpid()}{SUFFIX}").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _watch(module) -> None:
    original = module.SecureConnection.message_to_binary

    @functools.wraps(original)
    def message_to_binary(self, message, *more, **named):
        _note(service_of(bytes(message)))
        return original(self, message, *more, **named)

    module.SecureConnection.message_to_binary = message_to_binary


class _Found(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the one module, lets its own loader make it, and watches it from then on."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != MODULE:
            return None
        self._spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._spec.origin)

    def create_module(self, spec):
        return importlib.util.module_from_spec(self._spec)

    def exec_module(self, module) -> None:
        self._spec.loader.exec_module(module)
        _watch(module)


def install() -> None:
    """Watch this process from now on; once is enough."""
    if any(isinstance(finder, _Found) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Found())
    if MODULE in sys.modules:
        _watch(sys.modules[MODULE])
