"""How does the receiver hold its connection to the broker? One paho client a connection, rebuilt after every loss.

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
from config.programme import Programme
from config.secret_file import read_password
from kpi.report import MOST_BYTES
from plant.topic import Channel, topic_of_all

KEEP_ALIVE_S = 15
CLOSE_S = 3.0
SESSION_TAKEN_OVER = 142  # MQTT 5.0, 3.14.2.1
SESSION_S = 24 * 3600
RECEIVE_MAXIMUM = 100
MOST_PACKET_BYTES = 2 * MOST_BYTES
MOST_WAITING = 1000

log = logging.getLogger("smartwings.programme")


@dataclass(frozen=True, slots=True)
class Received:
    """One message: topic, payload, and what confirms it to the broker. size: of the payload as it was sent."""

    topic: str
    payload: bytes
    confirm: Callable[[], None]


def _never_raising(callback: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(callback)
    def guarded(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception:
            log.exception("fault in %s", callback.__name__)

    return guarded


def _trusting(authority: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except OSError:  # ssl.SSLError is one
        raise file_fault(authority, "is not a certificate in PEM form that can be read") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class BrokerLink:
    """One connection, from connect to its loss. What arrives goes to `arrived`; `lost` is set when it ends."""

    def __init__(self, settings: Programme, folder: Path, arrived: "queue.Queue[Received]") -> None:
        """Raises InputError for a file of a password or an authority that cannot be used."""
        self._settings = settings
        self._arrived = arrived
        self.ready = threading.Event()
        self.lost = threading.Event()
        self.taken_over = False
        self._network: threading.Thread | None = None  # known from the first callback on
        self._five = settings.mqtt.version == 5
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"smartwings-programme-{settings.programme.id}",
            clean_session=None if self._five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,  # the broker keeps a report until it is committed here
        )
        if settings.mqtt.ca_file is not None:
            self._client.tls_set_context(_trusting(folder / settings.mqtt.ca_file))
        if settings.mqtt.username is not None:
            secret = settings.mqtt.password_file
            password = read_password(folder / secret) if secret is not None else None
            self._client.username_pw_set(settings.mqtt.username, password)
        self._client.on_connect = _never_raising(self._connected)
        self._client.on_subscribe = _never_raising(self._subscribed)
        self._client.on_message = _never_raising(self._message)
        self._client.on_disconnect = _never_raising(self._disconnected)

    def open(self) -> None:
        """Connect and start the network thread. Raises OSError when the broker cannot be reached."""
        options: dict[str, Any] = {}
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_S
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            properties.MaximumPacketSize = MOST_PACKET_BYTES
            options = {"clean_start": False, "properties": properties}
        mqtt_ = self._settings.mqtt
        self._client.connect(mqtt_.host, mqtt_.port, KEEP_ALIVE_S, **options)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect and end the network thread; the broker keeps the session and what is not confirmed."""
        self.lost.set()
        self._client.disconnect()
        ending = threading.Thread(target=self._client.loop_stop, daemon=True)
        ending.start()
        ending.join(CLOSE_S)  # a broker that takes nothing any more must not keep us
        client = self._client  # callbacks and client hold each other; let go, so that its sockets close at once
        client.on_connect = client.on_subscribe = client.on_message = client.on_disconnect = None

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 0; without a connection it is given up, for the next copy of the report asks again."""
        self._client.publish(topic, payload, qos=0)

    def is_alive(self) -> bool:
        """Whether the network thread still runs and has not lost the broker."""
        return not self.lost.is_set() and (self._network is None or self._network.is_alive())

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._network = threading.current_thread()
        if reason.is_failure:
            log.error("the broker refused the connection: %s", reason)
            self.lost.set()
            return
        client.subscribe(topic_of_all(self._settings.programme.id, Channel.REPORT), qos=1)

    def _subscribed(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("the broker refused the subscription: %s", ", ".join(map(str, reasons)))
            self.lost.set()
            return
        self.ready.set()

    def _disconnected(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.value == SESSION_TAKEN_OVER:
            self.taken_over = True
            log.error("another receiver of this programme has connected; one must be stopped")
        elif not self.lost.is_set():
            log.warning("disconnected from the broker: %s", reason)
        self.lost.set()

    def _message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos

        def confirm() -> None:
            if not self.lost.is_set() and client.ack(mid, qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                log.info("a report could not be confirmed to the broker, which will send it again")

        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload[: MOST_BYTES + 1])  # enough to see that it is too large
        try:
            self._arrived.put_nowait(Received(topic, payload, confirm))
        except queue.Full:  # not confirmed: the plant sends it again until it has our ack
            log.warning("more reports arrive than can be stored; one is left to be sent again")
