"""Where does every process of the demo begin? Here, so that it ends when the demo does, however that ended.

The demo holds the other end of our standard input and never writes to it: a kill closes that end too.
"""

import logging
import os
import signal
import sys
import threading
import time

DRAIN_S = 25.0


def main() -> None:
    """`broker FILE`, or any command line of smartwings."""
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    if sys.argv[1] == "broker":
        _broker(sys.argv[2])
    else:
        from commands.main import main as smartwings

        smartwings()


def _end_with_the_demo() -> None:
    os.read(0, 1)  # not by way of sys.stdin, whose lock would be held when the process ends
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(DRAIN_S)
    os._exit(1)


def _broker(settings: str) -> None:
    from iotcore import IotCoreBroker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it logs every packet as an error
    broker = IotCoreBroker(config_path=settings)
    broker.check_ports()
    broker.run_forever()


if __name__ == "__main__":
    main()
