import assert from "node:assert/strict";
import test from "node:test";
import { optionalSetting, section } from "../../../src/config/definition.js";
import { effectiveFile } from "../../../src/config/effective.js";
import { text } from "../../../src/config/kinds.js";
import { loadConfig } from "../../../src/config/load.js";
import { resolveSettings } from "../../../src/config/resolve.js";
import { parseYamlSource } from "../../../src/config/yaml-file.js";

test("what was set says where, durations and sizes keep their units, and defaults say nothing", async () => {
  const environment = {
    BERTH_SERVER_PORT: "5001",
    BERTH_SERVER_KEEPALIVE: "90s",
    BERTH_SERVER_TRUSTED_PROXIES: "10.0.0.0/8,::1",
    BERTH_PRIVATE_MANIFESTMAXSIZE: "8MiB",
  };
  const lines = effectiveFile(await loadConfig({ environment, directory: "/" })).split("\n");
  assert.ok(lines.includes("  port: 5001 # BERTH_SERVER_PORT"));
  assert.ok(lines.includes("  keepAlive: 90s # BERTH_SERVER_KEEPALIVE"));
  assert.ok(lines.includes("  trustedProxies: [10.0.0.0/8, ::1] # BERTH_SERVER_TRUSTED_PROXIES"));
  assert.ok(lines.includes("  manifestMaxSize: 8MiB # BERTH_PRIVATE_MANIFESTMAXSIZE"));
  assert.ok(lines.includes("  host: 127.0.0.1"));
  assert.ok(lines.includes("  cache: 64MiB"));
});

test("what is printed is a file that says the same", async () => {
  const environment = { BERTH_SERVER_CORS_ORIGINS: "*", BERTH_SERVER_TLS_CERT: "/a #b", BERTH_SERVER_TLS_KEY: "/c: d" };
  const loaded = await loadConfig({ environment, directory: "/" });
  const { tree, problems } = parseYamlSource(effectiveFile(loaded), "printed.yml");
  assert.deepEqual(problems, []);
  const { server } = tree as { server: { cors: unknown; tls: unknown } };
  assert.deepEqual(server.cors, { origins: ["*"] });
  assert.deepEqual(server.tls, { cert: "/a #b", key: "/c: d" });
});

test("a secret is never printed, nor how long it is", () => {
  const definition = section("Test", {
    password: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
    other: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
  });
  const source = { tree: { password: "hunter2" }, problems: [], locate: () => "berth.yml:1:1" };
  const settings = resolveSettings(definition, { sources: [source], directory: "/" });
  const printed = effectiveFile({ file: "berth.yml", settings });
  assert.deepEqual(printed.split("\n").slice(1), ['password: "***" # berth.yml:1:1', ""]);
});
