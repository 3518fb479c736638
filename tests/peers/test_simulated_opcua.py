"""Does asyncua's client see of the simulated machines what the truth log says that it was shown?"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from simulated_plant import free_port, opcua_site, served, truth_of

from simulators.certificate import key_pair
from simulators.clock import PlantClock
from simulators.serve import Listening


class Changes:
    """Notes every change that a subscription brings: source time and value by node."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, Any]] = []
        self._more = asyncio.Event()

    def datachange_notification(self, node: Any, _value: object, data: Any) -> None:
        value = data.monitored_item.Value
        time_us = round(value.SourceTimestamp.timestamp() * 1e6)
        self.seen.append((str(node.nodeid.Identifier), time_us, value.Value.Value))
        self._more.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._more.clear()
                await self._more.wait()


class CountingClock(PlantClock):
    """A clock that says when it has been asked often enough after it was frozen."""

    def __init__(self) -> None:
        super().__init__()
        self._asked_frozen = 0
        self.asked_often = asyncio.Event()

    def now_us(self) -> int:
        now_us = super().now_us()
        self._asked_frozen += self._frozen_us is not None
        if self._asked_frozen == 10:
            self.asked_often.set()
        return now_us


async def nodes_of(client: Client) -> list[Any]:
    press = await client.get_namespace_index("urn:press")
    ids = ["ns=2;s=Press1.Good", "ns=3;i=4711", f"ns={press};s=Energy=a;b", f"ns={press};s=Order"]
    return [client.get_node(node) for node in ids]


def test_a_subscription_sees_every_change_of_the_truth_log_and_a_frozen_plant_none(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, port := free_port(), "none")
    clock, changes = CountingClock(), Changes()
    tag_of = {"Press1.Good": "good", "4711": "state", "Energy=a;b": "energy", "Order": "order"}

    async def scenario() -> None:
        async with served(site, tmp_path, clock), Client(f"opc.tcp://127.0.0.1:{port}") as client:
            subscription = await client.create_subscription(50, changes)
            await subscription.subscribe_data_change(await nodes_of(client))
            await changes.until(lambda: len(changes.seen) > 30)
            assert {name for name, _, _ in changes.seen} == set(tag_of)
            frozen_us = clock.freeze()
            await asyncio.wait_for(clock.asked_often.wait(), 20)
            truth = truth_of(tmp_path)
            assert truth[-1][0] <= frozen_us
            await changes.until(lambda: changes.seen[-1][1] == truth[-1][0])
            for name, tag in tag_of.items():
                seen = [
                    (at, value * 0.001 if tag == "energy" else value)
                    for node, at, value in changes.seen
                    if node == name
                ]
                # The first is what was there on subscribing; from then on every change once, in order.
                assert seen == [(at, value) for at, known, value in truth if known == tag and at >= seen[0][0]]
            before = len(truth_of(tmp_path))
            value = await (await nodes_of(client))[0].read_data_value()
            assert value.Value.VariantType is ua.VariantType.UInt32
            assert (value.ServerTimestamp - value.SourceTimestamp).total_seconds() >= 0
            assert len(truth_of(tmp_path)) == before

    asyncio.run(scenario())


def test_signed_and_encrypted_with_the_certificate_that_it_offers(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, port := free_port(), "Basic256Sha256")
    own = tmp_path / "client"
    own.mkdir()
    certificate, key = key_pair(own, "client", "urn:test:client")
    (own / "key.pem").write_bytes(key)
    (own / "certificate.pem").write_bytes(certificate)

    async def scenario() -> None:
        async with served(site, tmp_path) as listening:
            assert listening.notes == ()
            url = f"opc.tcp://127.0.0.1:{port}"
            client = Client(url)
            client.application_uri = "urn:test:client"
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                own / "certificate.pem",
                own / "key.pem",
                server_certificate=tmp_path / "trusted" / "line.der",
            )
            async with client:
                order = await (await nodes_of(client))[3].read_value()
                assert ("order", order) in [(tag, value) for _, tag, value in truth_of(tmp_path)]
            endpoints = await Client(url).connect_and_get_server_endpoints()
            assert {endpoint.SecurityMode for endpoint in endpoints} == {ua.MessageSecurityMode.SignAndEncrypt}

    asyncio.run(scenario())


def test_a_server_that_starts_again_is_the_same_and_trust_is_never_replaced(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, free_port(), "Basic256Sha256")
    trusted = tmp_path / "trusted" / "line.der"

    async def start() -> Listening:
        async with served(site, tmp_path) as listening:
            return listening

    assert asyncio.run(start()).notes == ()
    first = trusted.read_bytes()
    assert (tmp_path / "simulated" / "line.key").stat().st_mode & 0o077 == 0
    assert asyncio.run(start()).notes == ()
    assert trusted.read_bytes() == first
    trusted.write_bytes(b"another")
    assert [device for device, _ in asyncio.run(start()).notes] == ["line"]
    assert trusted.read_bytes() == b"another"
