import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Handshakes } from "../../../src/http/connections/handshakes.js";
import { RawConnection } from "../../support/raw-connection.js";
import { Scope } from "../../support/scope.js";

const count = 20;

/** As Node does: it answers the client's first message in the next tick. */
function computeInNextTick(ms: number, then: () => void): void {
  process.nextTick(() => {
    const end = performance.now() + ms;
    while (performance.now() < end);
    then();
  });
}

test("while many handshakes wait, most turns of the event loop have none: no one else waits for one at each step", async (t) => {
  const scope = new Scope(t);
  let begun = 0;
  const tls = createHttpServer();
  tls.removeAllListeners("connection").on("connection", (socket: Socket) => {
    computeInNextTick(5, () => {
      begun++;
      handshakes.finished(socket);
    });
  });
  const handshakes = new Handshakes(tls, 10_000);
  const server = createServer((socket) => handshakes.arrived(socket)).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await once(server, "listening");
  // The address of a TCP server is never a pipe's path.
  const { port } = server.address() as AddressInfo;
  const clients: RawConnection[] = [];
  for (let number = 0; number < count; number++) clients.push(await RawConnection.open(scope, port));
  // What is no TLS is left to it at once, too.
  for (const client of clients) client.send("no hello");
  let turns = 0;
  for (; begun < count; turns++) await new Promise(setImmediate);
  assert.ok(turns > 5 * count, `${turns} turns for ${count} handshakes`);
});
