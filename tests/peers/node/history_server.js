// A node-opcua server with history: node history_server.js PORT FOLDER. Count goes up every 100 ms and keeps history,
// Plain does the same and keeps none, Faulty says that it keeps history and faults when it is asked, Hanging never
// answers; Busy goes up a thousand times a second, more than one slice of history holds.
const { createRequire } = require("node:module");
const [port, folder] = process.argv.slice(2);
const packages = createRequire(folder + "/");
const { OPCUAServer } = packages("node-opcua-server");
const { MessageSecurityMode, SecurityPolicy } = packages("node-opcua-secure-channel");
const { OPCUACertificateManager } = packages("node-opcua-certificate-manager");
const { DataType } = packages("node-opcua-variant");
const { StatusCodes } = packages("node-opcua-status-code");

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
    securityModes: [MessageSecurityMode.None],
    securityPolicies: [SecurityPolicy.None],
    serverInfo: { applicationUri: "urn:test:history" },
    serverCapabilities: { operationLimits: { maxNodesPerHistoryReadData: 2 } },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const namespace = space.registerNamespace("urn:test:press");
  const names = ["Count", "Second", "Third", "Plain", "Faulty", "Hanging", "Busy"];
  const nodes = names.map((name) =>
    namespace.addVariable({
      organizedBy: space.rootFolder.objects,
      browseName: name,
      nodeId: "s=" + name,
      dataType: DataType.UInt32,
    })
  );
  nodes.forEach((node) => node.setValueFromSource({ dataType: DataType.UInt32, value: 0 }));
  names.forEach((name, at) => {
    if (name !== "Plain") space.installHistoricalDataNode(nodes[at], { maxOnlineValues: 100000 });
  });
  nodes[4].historyRead = () => {
    throw new Error("no disk");
  };
  nodes[5].historyRead = () => new Promise(() => {});
  await server.start();
  let number = 0;
  let busy = 0;
  setInterval(() => {
    number += 1;
    for (let at = 0; at < 100; at += 1) {
      busy += 1;
      const value = { dataType: DataType.UInt32, value: busy };
      nodes[6].setValueFromSource(value, StatusCodes.Good, new Date(Date.now() - 100 + at));
    }
    nodes.slice(0, 6).forEach((node) => node.setValueFromSource({ dataType: DataType.UInt32, value: number }));
  }, 100);
  console.log("ready");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
