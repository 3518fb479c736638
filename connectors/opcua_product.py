"""Which OPC UA servers bear less in one call than they say? A small table of products, with its sources."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """What a server says of itself (OPC 10000-5 12.5 BuildInfo); empty where it says nothing."""

    uri: str = ""
    manufacturer: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Bearable:
    maker: str
    names: tuple[str, ...]
    items_a_call: int


# items of one CreateMonitoredItems call, by words of the maker and of the product
_BEARABLE = (
    # Siemens entry 109755846 (2024-02): more than 200 items a call take 50 times as long; benthos-umh
    # server_profiles.go, tried in production: 100. The server itself says 1,000.
    _Bearable("siemens", ("s7-1200", "1200"), 100),
    # benthos-umh server_profiles.go, for CPU 1511 to 1513 from firmware 3.1 on
    _Bearable("siemens", ("s7-1500", "1500"), 500),
    # benthos-umh server_profiles.go; the server itself says 10,000
    _Bearable("prosys", ("",), 800),
)


def items_a_call(product: Product) -> int | None:
    """Monitored items that the product bears in one call; None for one that bears what it says.

    >>> items_a_call(Product("https://www.siemens.com/s7-1200", "Siemens AG", "S7-1200")), items_a_call(Product())
    (100, None)
    """
    maker = f"{product.manufacturer} {product.uri}".lower()
    name = f"{product.name} {product.uri}".lower()
    for known in _BEARABLE:
        if known.maker in maker and any(word in name for word in known.names):
            return known.items_a_call
    return None


def transfers(product: Product) -> bool:
    """Whether a subscription that the product says it transferred goes on; asyncua's server answers Good, and then
    publishes over the connection of before (2.1, subscription_service.py transfer_subscriptions).

    >>> transfers(Product("urn:freeopcua:python:server", "FreeOpcUa", "")), transfers(Product())
    (False, True)
    """
    return not any(word in f"{product.manufacturer} {product.uri}".lower() for word in ("freeopcua", "opcua-asyncio"))
