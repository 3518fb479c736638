// node-opcua's client: client.js PORT TAGS SECONDS FOLDER. It keeps the value of each notification of a group of
// monitored items, as its documentation shows; the last line says what it used, as the other contenders do.
const { createRequire } = require("node:module");
const [port, tags, seconds, folder] = process.argv.slice(2);
const packages = createRequire(folder + "/");
const { OPCUAClient, ClientSubscription, ClientMonitoredItemGroup } = packages("node-opcua-client");
const { MessageSecurityMode, SecurityPolicy } = packages("node-opcua-secure-channel");
const { AttributeIds } = packages("node-opcua-data-model");
const { TimestampsToReturn } = packages("node-opcua-data-value");
const WARM_MS = 1500;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function main() {
  const client = OPCUAClient.create({
    securityMode: MessageSecurityMode.None,
    securityPolicy: SecurityPolicy.None,
    endpointMustExist: false,
  });
  await client.connect("opc.tcp://127.0.0.1:" + port);
  const session = await client.createSession();
  const namespaces = await session.readNamespaceArray();
  const index = namespaces.indexOf("urn:bench:plant");
  const subscription = ClientSubscription.create(session, {
    requestedPublishingInterval: 100,
    requestedLifetimeCount: 10000,
    requestedMaxKeepAliveCount: 100,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
    priority: 1,
  });
  await new Promise((done) => subscription.once("started", done));
  let values = 0;
  const kept = [];
  for (let start = 0; start < Number(tags); start += 1000) {
    const count = Math.min(1000, Number(tags) - start);
    const items = Array.from({ length: count }, (_, n) => ({
      nodeId: `ns=${index};s=t${start + n}`,
      attributeId: AttributeIds.Value,
    }));
    const parameters = { samplingInterval: 100, discardOldest: true, queueSize: 10 };
    const group = ClientMonitoredItemGroup.create(subscription, items, parameters, TimestampsToReturn.Both);
    group.on("changed", (item, dataValue, at) => {
      kept[start + at] = dataValue.value.value;
      values += 1;
    });
    await new Promise((done) => group.once("initialized", done));
  }
  while (values <= 1.5 * tags) {
    await pause(100); // until replayed notifications come
  }
  await pause(WARM_MS);
  const [before, cpu, begun] = [values, process.cpuUsage(), process.hrtime.bigint()];
  await pause(1000 * Number(seconds));
  const used = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      values: values - before,
      wall_s: Number(process.hrtime.bigint() - begun) / 1e9,
      cpu_s: (used.user + used.system) / 1e6,
      rss_mb: process.resourceUsage().maxRSS / 1024,
      first: [kept[0]],
    }),
  );
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
