"""What do we need of an OPC UA session that asyncua's does otherwise?"""

from asyncua.client.ua_session import UaSession


class QuietSession(UaSession):
    """asyncua's session without asyncua's publish loop, which acknowledges before anything is stored."""

    def ensure_publish_loop(self) -> None:
        """Publishing is `opcua_publishing`'s work."""
