"""A packing machine as OPC 30050 has it, served by asyncua: `python packml_server.py PORT FOLDER`, with the nodesets.

A process of its own, since asyncua makes Python classes of the nodesets' types for a whole process.
"""

import asyncio
import logging
import sys
from pathlib import Path

from asyncua import Server, ua

PACKML = "http://opcfoundation.org/UA/PackML/"


async def serve(port: int, folder: Path) -> None:
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    for name in ("Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.PackML.NodeSet2.xml", "Opc.Ua.Machinery.NodeSet2.xml"):
        await server.import_xml(folder / name)
    index = await server.get_namespace_index(PACKML)
    own = await server.register_namespace("urn:test:packer")
    packer = await server.nodes.objects.add_object(own, "Packer")
    for name in ("PackMLAdminObjectType", "PackMLStatusObjectType"):
        kind = await server.nodes.base_object_type.get_child(f"{index}:{name}")
        await packer.add_object(own, name.removeprefix("PackML").removesuffix("ObjectType"), objecttype=kind)
    admin = await packer.get_child(f"{own}:Admin")
    for name, first in (("ProdProcessedCount", 1000), ("ProdDefectiveCount", 10)):
        node = await admin.get_child(f"{index}:{name}")
        counts = [ua.PackMLCountDataType(ID=at, Name=f"P-{at}", Count=at, AccCount=first + at) for at in range(2)]
        await node.write_value(ua.DataValue(ua.Variant(counts, ua.VariantType.ExtensionObject)))
    await server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
