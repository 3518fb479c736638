"""Can the certificate files that a device names be used? Read and tried, nothing is sent."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_NO_PASSWORD = b""
_PAIR_OF_USER = ("user_certificate_file", "user_key_file")


def tls_faults(device: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """Key and what is wrong with the file that it names, of a device as the site file has it.

    A key that is not there yet is left aside: that is said elsewhere.
    """
    if not isinstance(device, dict) or not (device.get("transport") == "tls" or device.get("protocol") == "opcua"):
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    certificate, key_of_it = _PAIR_OF_USER if device.get("protocol") == "opcua" else ("certificate_file", "key_file")
    names = {key: device.get(key) for key in ("ca_file", certificate, key_of_it)}
    paths = {key: folder / name for key, name in names.items() if isinstance(name, str) and name}
    for key in ("ca_file", certificate):
        if key in paths and (why := _why_no_certificate(paths[key])):
            yield key, why
            del paths[key]
    lists = device.get("revocation_file")
    if isinstance(lists, str) and lists and (why := _why_no_list(folder / lists)):
        yield "revocation_file", why
    if {certificate, key_of_it} <= paths.keys() and paths[key_of_it].exists():
        try:
            context.load_cert_chain(paths[certificate], paths[key_of_it], _NO_PASSWORD.decode)
        except (OSError, ValueError):
            yield key_of_it, f"{paths[key_of_it]} must be the key (PEM, no password) of {names[certificate]}"


def _why_no_certificate(path: Path) -> str | None:
    def tried() -> None:
        path.open("rb").close()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)

    return _why_not(tried, path, "no certificate (PEM)")


def _why_no_list(path: Path) -> str | None:
    def tried() -> None:
        from cryptography import x509  # takes a while to load

        content = path.read_bytes()
        read = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
        try:
            read(content)
        except ValueError as error:
            raise ssl.SSLError(str(error)) from None

    return _why_not(tried, path, "no revocation list (PEM or DER)")


def _why_not(tried: Callable[[], None], path: Path, what: str) -> str | None:
    try:
        tried()
    except FileNotFoundError:
        return f"{path} is not there"
    except ssl.SSLError:
        return f"{path} holds {what}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except ValueError:
        return "cannot be the name of a file"
    return None
