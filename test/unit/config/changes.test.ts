import { strict as assert } from "node:assert";
import { test } from "node:test";
import { changesBetween } from "../../../src/config/changes.js";
import { configWith } from "../../support/config.js";

test("changes are reported by key, and those that need a restart keep their old value until then", () => {
  const before = configWith({ mode: "proxy", server: { port: 5000 }, log: { level: "info" } });
  const after = configWith({
    mode: "hybrid",
    server: { port: 5001, maxConnections: 5 },
    log: { level: "debug" },
    proxy: { upstreams: [{ name: "docker.io", url: "https://mirror.example.com" }] },
  });
  const { now, afterRestart, effective } = changesBetween(before, after);
  assert.deepEqual(now, ["mode", "server.maxConnections", "proxy.upstreams", "log.level"]);
  assert.deepEqual(afterRestart, ["server.port"]);
  assert.equal(effective.server.port, 5000);
  assert.equal(effective.server.maxConnections, 5);
  assert.equal(effective.mode, "hybrid");
});

test("new TLS settings wait for a restart, so the section does not exist before", () => {
  const before = configWith({});
  const after = configWith({ server: { tls: { cert: "/tls.crt", key: "/tls.key" } } });
  const { afterRestart, effective } = changesBetween(before, after);
  const keys = ["cert", "key", "minVersion", "clientCa"];
  assert.deepEqual(
    afterRestart,
    keys.map((key) => `server.tls.${key}`),
  );
  assert.equal(effective.server.tls, undefined);
});

test("another notation of the same value is not a change", () => {
  const { now, afterRestart } = changesBetween(
    configWith({ server: { headersTimeout: "60s" } }),
    configWith({ server: { headersTimeout: "1m" } }),
  );
  assert.deepEqual([now, afterRestart], [[], []]);
});
