"""How is a connection to an MQTT broker held? One paho client a connection; after any loss a new one is built.

Callbacks only put into a queue, and none can raise: an exception in one would end paho's thread while it still says
that it is connected.
"""

import functools
import logging
import queue
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from config.fault import file_fault
from config.mqtt import BrokerSettings
from config.secret_file import read_password

KEEP_ALIVE_S = 15
CLOSE_S = 3.0
RECEIVE_MAXIMUM = 100
MOST_IN_FLIGHT = 20
SESSION_TAKEN_OVER = 142  # MQTT 5.0, 3.14.2.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """One message: topic, payload (cut off above the link's limit), and what confirms it to the broker."""

    topic: str
    payload: bytes
    confirm: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """What a connection is for.

    subscribe: topic filter and QoS. will: topic and payload that the broker publishes, retained, when the link is
    lost. session_s: how long the broker keeps the session and what was not confirmed [s]; 0: not at all. most_bytes:
    of a payload; what is above is cut off.
    """

    client_id: str
    subscribe: tuple[str, int]
    most_bytes: int
    will: tuple[str, bytes] | None = None
    session_s: int = 0


def _trusting(authority: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except OSError:  # ssl.SSLError is one
        raise file_fault(authority, "is not a certificate in PEM form that can be read") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _never_raising(callback: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(callback)
    def guarded(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception:
            log.exception("fault in %s", callback.__name__)

    return guarded


class BrokerLink:
    """One connection, from connect to its loss. What arrives goes to `arrived`; `lost` is set when it ends."""

    def __init__(
        self, settings: BrokerSettings, folder: Path, plan: LinkPlan, arrived: "queue.Queue[Received]"
    ) -> None:
        """Raises InputError for a file of a password or an authority that cannot be used."""
        self._settings, self._plan, self._arrived = settings, plan, arrived
        self.ready = threading.Event()
        self.lost = threading.Event()
        self._answered = threading.Event()
        self.refusal: str | None = None
        self.taken_over = False
        self._network: threading.Thread | None = None  # known from the first callback on
        self._five = settings.version == 5
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=plan.client_id,
            clean_session=None if self._five else not plan.session_s,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,  # the broker keeps a message until it is confirmed
        )
        self._client.max_inflight_messages_set(MOST_IN_FLIGHT)
        if settings.ca_file is not None:
            self._client.tls_set_context(_trusting(folder / settings.ca_file))
        if settings.username is not None:
            secret = settings.password_file
            self._client.username_pw_set(settings.username, read_password(folder / secret) if secret else None)
        if plan.will is not None:
            self._client.will_set(*plan.will, qos=1, retain=True)
        self._client.on_connect = _never_raising(self._connected)
        self._client.on_subscribe = _never_raising(self._subscribed)
        self._client.on_message = _never_raising(self._message)
        self._client.on_disconnect = _never_raising(self._disconnected)
        self._client.on_publish = _never_raising(self._published)

    def open(self) -> None:
        """Connect and start the network thread. Raises OSError when the broker cannot be reached."""
        options: dict[str, Any] = {}
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._plan.session_s
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            properties.MaximumPacketSize = 2 * self._plan.most_bytes
            options = {"clean_start": not self._plan.session_s, "properties": properties}
        self._client.connect(self._settings.host, self._settings.port, KEEP_ALIVE_S, **options)
        self._client.loop_start()

    def wait_until_ready(self, longest_s: float) -> bool:
        """Wait until the broker has let us in, or has refused or left us, at most so long; whether it has let us in."""
        self._answered.wait(longest_s)
        return self.ready.is_set() and self.is_alive()

    def close(self) -> None:
        """Disconnect and end the network thread; the broker keeps the session and what is not confirmed."""
        self.lost.set()
        client = self._client
        client.disconnect()
        ending = threading.Thread(target=client.loop_stop, daemon=True)
        ending.start()
        ending.join(CLOSE_S)  # a broker that takes nothing any more must not keep us
        # Callbacks and client hold each other; let go, so that its sockets close at once.
        client.on_connect = client.on_subscribe = client.on_message = client.on_disconnect = client.on_publish = None

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Send; without a connection it is given up, for whoever needs it asks or sends again."""
        self._client.publish(topic, payload, qos, retain)

    def is_alive(self) -> bool:
        """Whether the network thread still runs and has not lost the broker."""
        return not self.lost.is_set() and (self._network is None or self._network.is_alive())

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._network = threading.current_thread()
        if reason.is_failure:
            self._refused("the connection", reason)
            return
        client.subscribe(*self._plan.subscribe)

    def _subscribed(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused("the subscription", ", ".join(map(str, reasons)))
            return
        self.ready.set()
        self._answered.set()

    def _published(self, _client: mqtt.Client, _data: Any, _mid: int, reason: Any, _properties: Any) -> None:
        if reason is not None and reason.is_failure:  # MQTT 3.1.1 has no way to say so
            self.refusal = f"the broker refused a message: {reason}"

    def _refused(self, what: str, reason: object) -> None:
        self.refusal = f"the broker refused {what}: {reason}"
        log.error("%s", self.refusal)
        self.lost.set()
        self._answered.set()

    def _disconnected(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.value == SESSION_TAKEN_OVER:
            self.taken_over = True
            self.refusal = f"another program has connected as {self._plan.client_id}; one must be stopped"
            log.error("%s", self.refusal)
        elif not self.lost.is_set():
            log.warning("disconnected from the broker: %s", reason)
        self.lost.set()
        self._answered.set()

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos

        def confirm() -> None:
            if qos and not self.lost.is_set() and client.ack(mid, qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                log.info("a message could not be confirmed to the broker, which will send it again")

        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload[: self._plan.most_bytes + 1])  # enough to see that it is too large
        try:
            self._arrived.put_nowait(Received(topic, payload, confirm))
        except queue.Full:  # not confirmed: it is sent again
            log.warning("more messages arrive than can be taken; one is left to be sent again")
