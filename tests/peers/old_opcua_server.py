"""A server of python-opcua 0.98.13, asyncua's forerunner: `python old_opcua_server.py PORT PACKAGES`.

`Count` goes up every 20 ms; the packages come first on the path, for no other test must see them.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[2])

from opcua import Server, ua


def main() -> None:
    server = Server()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{sys.argv[1]}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = server.register_namespace("urn:test:press")
    objects = server.get_objects_node()
    count = objects.add_variable(ua.NodeId("Count", index), "Count", 0, ua.VariantType.Int64)
    objects.add_variable(ua.NodeId("Power", index), "Power", 1500.0)
    objects.add_variable(ua.NodeId("State", index), "State", "Executing")
    objects.add_variable(ua.NodeId("Order", index), "Order", "A-4711")
    objects.add_variable(ua.NodeId("Running", index), "Running", True)
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    number = 0
    while Path(sys.argv[2]).exists():
        number += 1
        count.set_value(number, ua.VariantType.Int64)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
