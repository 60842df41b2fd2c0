import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { PacedLine } from "../../../src/foundation/paced-line.js";
import { Reading } from "../../../src/http/connections/reading.js";
import { Turns } from "../../../src/http/connections/turns.js";
import { Scope } from "../../support/scope.js";
import { waitUntil } from "../../support/wait-until.js";

/** Both ends of a connection. */
async function connected(scope: Scope): Promise<{ client: Socket; server: Socket }> {
  const listener = createServer().listen(0, "127.0.0.1");
  scope.defer(() => listener.close());
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  // A server on a port has an address with a port.
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  scope.defer(() => client.destroy());
  const [server] = (await accepted) as [Socket];
  scope.defer(() => server.destroy());
  return { client, server };
}

test("a body that rests is taken whole after each rest, in however many pieces its socket holds it", async (t) => {
  const { client, server } = await connected(new Scope(t));
  const lines = { turns: new Turns(), rested: new PacedLine(1_000) };
  let mayReadOn = false;
  const reading = new Reading({ mayReadOn: () => mayReadOn, isReceiving: () => true, contentPieces: () => 0 }, lines);
  let taken = 0;
  server.on("data", (piece: Buffer) => {
    taken += piece.length;
    reading.rest(server);
  });
  client.write("x");
  await once(server, "pause");
  for (let held = 1; held <= 5; held++) {
    client.write("x");
    await waitUntil("the piece is held by itself", () => server.readableLength === held || undefined);
  }
  assert.equal(taken, 1);
  mayReadOn = true;
  const paused = once(server, "pause");
  reading.readOn();
  await paused;
  assert.equal(taken, 6);
});
