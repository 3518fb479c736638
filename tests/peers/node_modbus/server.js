// A modbus-serial server: node server.js PORT FOLDER. Unit 3 has values of all kinds, every other unit answers nothing.
const { createRequire } = require("node:module");
const [port, folder] = process.argv.slice(2);
const ModbusRTU = createRequire(folder + "/")("modbus-serial");

const holding = Buffer.alloc(2 * 400);
holding.writeFloatBE(12.5, 0);
holding.writeInt32BE(-123456789, 4);
holding.writeBigInt64BE(-1234567890123456n, 8);
holding.writeDoubleBE(0.1, 16);
holding.write("LOT-4711", 24, "latin1");
for (let at = 20; at < 400; at++) holding.writeUInt16BE(1000 + at, 2 * at);
const beyond = (at, end) => {
  if (at >= end) throw { modbusErrorCode: 2, msg: "illegal data address" };
};

const server = new ModbusRTU.ServerTCP(
  {
    getHoldingRegister: (at) => (beyond(at, 400), holding.readUInt16BE(2 * at)),
    getInputRegister: (at) => (beyond(at, 400), at ^ 0x5a5a),
    getCoil: (at) => (beyond(at, 2100), at % 3 === 0),
    getDiscreteInput: (at) => (beyond(at, 2100), at % 5 === 0),
  },
  { host: "127.0.0.1", port: Number(port), unitID: 3 },
);
server.on("initialized", () => console.log("ready"));
server.on("serverError", (error) => {
  console.error(error);
  process.exit(1);
});
