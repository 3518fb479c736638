// What a machine of a later model has: an array, a matrix, structures, an enumeration, and events of a notifier.
module.exports = function addAddressSpace(packages, server, namespace) {
  const { DataType, VariantArrayType } = packages("node-opcua-variant");
  const space = server.engine.addressSpace;
  const types = space.getNamespaceIndex("urn:test:types");
  const type = (name) => space.findDataType(name, types);
  const objects = space.rootFolder.objects;
  const press = namespace.addObject({ organizedBy: objects, browseName: "Machine", nodeId: "s=Machine", eventSourceOf: objects.server, eventNotifier: 1 });
  const add = (name, dataType, value, more = {}) => {
    const node = namespace.addVariable({ componentOf: press, browseName: name, nodeId: "s=" + name, dataType, ...more });
    node.setValueFromSource(value);
    return node;
  };
  add("Levels", DataType.Double, { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: new Float64Array([1.5, 2.5, 3.5]) }, { valueRank: 1 });
  add("Grid", DataType.Int16, { dataType: DataType.Int16, arrayType: VariantArrayType.Matrix, dimensions: [2, 2], value: new Int16Array([1, 2, 3, 4]) }, { valueRank: 2, arrayDimensions: [2, 2] });
  add("StateCurrent", type("PressState").nodeId, { dataType: DataType.Int32, value: 6 });
  const count = (id, acc) => space.constructExtensionObject(type("Count"), {
    id, accCount: acc, took: [250, 260], unit: { unitId: 5, displayName: { text: "pcs" } },
    motor: { speed: 7.5 + id, state: 9, label: "M" + id },
  });
  const counts = (acc) => ({ dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: [count(0, acc), count(1, acc + 10)] });
  const processed = add("ProdProcessedCount", type("Count").nodeId, counts(100), { valueRank: 1 });
  add("Drive", type("Motor").nodeId, { dataType: DataType.ExtensionObject, value: space.constructExtensionObject(type("Motor"), { speed: 1200, state: 6, label: "drive" }) });
  // a node that is taken out and put in again, as when a program is downloaded to a PLC
  const passing = (value) => add("Passing", DataType.Double, { dataType: DataType.Double, value });
  let node = passing(0);
  let times = 0;
  setInterval(() => {
    times += 1;
    if (node) namespace.deleteNode(node);
    node = node ? null : passing(times);
  }, 700);
  let number = 0;
  setInterval(() => {
    number += 1;
    processed.setValueFromSource(counts(100 + number));
    press.raiseEvent("BaseEventType", {
      message: { dataType: DataType.LocalizedText, value: { text: "door open " + number } },
      sourceName: { dataType: DataType.String, value: "Press 1" },
      severity: { dataType: DataType.UInt32, value: 500 },
    });
  }, 200);
};
