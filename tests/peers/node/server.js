// A node-opcua server: node server.js PORT FOLDER. Count0 to Count39 go up every 200 ms, which is slower than the 50 ms
// at which the server samples at best; their source time is the moment of the change.
const { createRequire } = require("node:module");
const [port, folder] = process.argv.slice(2);
const packages = createRequire(folder + "/");
const { OPCUAServer } = packages("node-opcua-server");
const { MessageSecurityMode, SecurityPolicy } = packages("node-opcua-secure-channel");
const { OPCUACertificateManager } = packages("node-opcua-certificate-manager");
const { DataType } = packages("node-opcua-variant");
const { StatusCodes } = packages("node-opcua-status-code");
const { nodesets } = packages("node-opcua-nodesets");
const addAddressSpace = require("./address.js");

async function main() {
  const serverCertificateManager = new OPCUACertificateManager({
    rootFolder: folder + "/pki",
    automaticallyAcceptUnknownCertificate: true,
  });
  await serverCertificateManager.initialize();
  const server = new OPCUAServer({
    port: Number(port),
    hostname: "127.0.0.1",
    serverCertificateManager,
    userCertificateManager: serverCertificateManager,
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    serverInfo: { applicationUri: "urn:test:node" },
    serverCapabilities: process.env.MOST_SESSIONS ? { maxSessions: Number(process.env.MOST_SESSIONS) } : undefined,
    nodeset_filename: [nodesets.standard, __dirname + "/press_types.xml"],
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:test:press");
  const add = (name, dataType, value) => {
    const node = namespace.addVariable({
      organizedBy: space.rootFolder.objects,
      browseName: name,
      nodeId: "s=" + name,
      dataType,
    });
    node.setValueFromSource({ dataType, value });
    return node;
  };
  const counts = Array.from({ length: 40 }, (_, index) => add("Count" + index, DataType.UInt32, 0));
  const order = add("Order", DataType.String, "A-4711");
  add("Power", DataType.Double, 1500.0);
  add("Running", DataType.Boolean, true);
  order.setValueFromSource({ dataType: DataType.String, value: "A-4712" }, StatusCodes.UncertainLastUsableValue);
  const sessions = add("Sessions", DataType.UInt32, 0);
  addAddressSpace(packages, server, namespace);
  await server.start();
  let number = 0;
  setInterval(() => {
    number += 1;
    sessions.setValueFromSource({ dataType: DataType.UInt32, value: server.engine.currentSessionCount });
    counts.forEach((count) => count.setValueFromSource({ dataType: DataType.UInt32, value: number }));
  }, 200);
  console.log("ready");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
