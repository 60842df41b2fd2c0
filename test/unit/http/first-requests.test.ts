import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Routes } from "../../../src/http/router.js";
import { sendEmpty } from "../../../src/http/send.js";
import { RegistryServer } from "../../../src/http/server.js";
import { RawConnection } from "../../support/raw-connection.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";

const connections = 60;

const settings = {
  host: "127.0.0.1",
  port: 0,
  tls: undefined,
  trustedProxies: [],
  cors: { origins: [], credentials: false },
  maxConnections: 1_000,
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  keepAlive: 10_000,
  stall: { window: 60_000, minimum: 0 },
  logAccess: false,
};

/** Occupies the event loop, as a request does while it begins. */
function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test("of many new connections that send their first request together, one or two begin in a turn of the event loop", async (t) => {
  const scope = new Scope(t);
  let turn = 0;
  const begunIn = new Map<number, number>();
  const routes: Routes = (exchange) => {
    begunIn.set(turn, (begunIn.get(turn) ?? 0) + 1);
    compute(1);
    sendEmpty(exchange, 204);
  };
  const server = new RegistryServer(settings, routes, new RecordedLog());
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  const clients: RawConnection[] = [];
  for (let count = 0; count < connections; count++) clients.push(await RawConnection.open(scope, port));
  let isOver = false;
  const nextTurn = () => {
    turn++;
    if (!isOver) setImmediate(nextTurn);
  };
  nextTurn();
  for (const client of clients) client.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  await Promise.all(clients.map((client) => client.receive(/204/)));
  isOver = true;
  assert.equal(
    [...begunIn.values()].reduce((sum, count) => sum + count),
    connections,
  );
  assert.ok(Math.max(...begunIn.values()) <= 2, `${Math.max(...begunIn.values())} began in one turn`);
});
