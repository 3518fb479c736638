"""A plant that sends its reports again and again until the programme's ack: the reference for every receiver."""

import ssl
import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from mosquitto import PROGRAMME, Broker, until
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from kpi.acknowledgement import Ack, ack_of
from kpi.report import Event, to_payload

AGAIN_S = 0.3


class SendingPlant:
    """Sends as one user of the broker; acks that arrive under the plant's topic are kept in order."""

    def __init__(self, broker: Broker, plant: str, user: str | None = None) -> None:
        self.plant = plant
        self.acks: list[Ack] = []
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"sender-{user or plant}-{plant}", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.tls_set_context(ssl.create_default_context(cafile=str(broker.ca_file)))
        self._client.username_pw_set(user or plant, broker.password(user or plant))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._message
        self._client.connect(broker.host, broker.port, 15)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._ready.wait(10), "the sender is not connected"
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = None

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(f"smartwings/v1/{PROGRAMME}/{self.plant}/ack", qos=1)
        self._ready.set()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            self.acks.append(ack_of(message.payload))

    def send(self, payload: bytes, topic: str | None = None) -> None:
        """Send bytes once, under the plant's topic or another."""
        self._client.publish(topic or f"smartwings/v1/{PROGRAMME}/{self.plant}/report", payload, qos=1)

    def answer(self, event: Event) -> Ack:
        """Send a report again and again until it is answered; the first answer that came after this call."""
        seen = len(self.acks)
        self.send_until_answered([event], seen)
        return next(ack for ack in self.acks[seen:] if ack.id == event["id"])

    def send_until_answered(self, events: list[Event], after: int = 0, timeout_s: float = 60.0) -> None:
        """Send reports, in this order, and again those without answer, until all have one."""
        wanted = {event["id"]: to_payload(event) for event in events}
        rounds = int(timeout_s / AGAIN_S)
        for _ in range(rounds):
            for payload in wanted.values():
                self.send(payload)
            pause = threading.Event()
            for _ in range(15):
                for ack in self.acks[after:]:
                    wanted.pop(ack.id or "", None)
                if not wanted:
                    return
                pause.wait(AGAIN_S / 15)
        until(lambda: not wanted, f"answers to {sorted(wanted)}", 0.1)
