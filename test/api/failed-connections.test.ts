import { strict as assert } from "node:assert";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";
import { test } from "node:test";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const requestStart = "http.server.request.start";

test("connections that cannot be accepted are logged, and the next one is served", async (t) => {
  const scope = new Scope(t);
  const { client, log } = await runBerth(scope);
  const servers: Server[] = [];
  // Node documents the channel that is published here.
  const note = (message: unknown) => servers.push((message as { server: Server }).server);
  subscribe(requestStart, note);
  scope.defer(() => unsubscribe(requestStart, note));
  await client.get("/healthz");
  // What Node makes of a failed accept(2).
  for (const code of ["EMFILE", "ENFILE", "ENOBUFS"]) {
    servers[0]?.emit("error", Object.assign(new Error(`accept ${code}`), { code, syscall: "accept" }));
  }
  assert.equal((await client.get("/healthz")).status, 200);
  assert.equal(log.named("a connection could not be accepted").length, 3);
});
