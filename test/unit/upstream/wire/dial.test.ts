import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { dial } from "../../../../src/upstream/wire/dial.js";
import { TimedOutError } from "../../../../src/upstream/wire/wire-errors.js";
import { Scope } from "../../../support/scope.js";
import { unheardPort } from "../../../support/unheard-port.js";

const long = 20_000;
const at = (address: string, family = 4) => ({ address, family });
/** No host has a route to this address, which is reserved for documentation. */
const nowhere = at("2001:db8::1", 6);

async function listening(scope: Scope, host: string, port = 0): Promise<Server> {
  const server = createServer((socket) => socket.resume()).listen(port, host);
  scope.defer(() => server.close());
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  // The address of a server on a port always has a port.
  return (server.address() as AddressInfo).port;
}

test("a host that answers after the next attempt has begun is reached, although the other addresses lead nowhere", async (t) => {
  const { port, hear } = await unheardPort(new Scope(t));
  const dialed = dial([at("127.0.0.1"), nowhere, at("127.0.0.9")], { port }, long);
  hear();
  const socket = await dialed;
  assert.equal(socket.remoteAddress, "127.0.0.1");
  socket.destroy();
});

test("an address that does not answer does not keep the next one waiting", async (t) => {
  const scope = new Scope(t);
  const { port } = await unheardPort(scope);
  await listening(scope, "127.0.0.9", port);
  const socket = await dial([at("127.0.0.1"), at("127.0.0.9")], { port }, long);
  assert.equal(socket.remoteAddress, "127.0.0.9");
  socket.destroy();
});

test("after a failed address, the next one is tried at once", async (t) => {
  const scope = new Scope(t);
  const port = portOf(await listening(scope, "127.0.0.9"));
  const others = Array.from({ length: 50 }, (_, index) => at(`127.0.1.${index + 1}`));
  const socket = await dial([...others, at("127.0.0.9")], { port }, long);
  assert.equal(socket.remoteAddress, "127.0.0.9");
  socket.destroy();
});

test("if all addresses fail, the error that says something about the host is reported", async (t) => {
  const scope = new Scope(t);
  const server = await listening(scope, "127.0.0.1");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  await assert.rejects(dial([nowhere, at("127.0.0.1")], { port }, long), { code: "ECONNREFUSED" });
});

test("no number of addresses extends the time for a connection", async (t) => {
  const { port } = await unheardPort(new Scope(t));
  await assert.rejects(dial([at("127.0.0.1"), at("127.0.0.1")], { port }, 20), TimedOutError);
});
