import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { optionalSetting, section } from "../../../src/config/definition.js";
import { effectiveFile } from "../../../src/config/effective.js";
import { text } from "../../../src/config/kinds.js";
import { loadConfig } from "../../../src/config/load.js";
import { resolveSettings } from "../../../src/config/resolve.js";
import { parseYamlSource } from "../../../src/config/yaml-file.js";
import { Scope } from "../../support/scope.js";

test("settings that were given name their source, durations and sizes keep their units, and defaults have no comment", async () => {
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

test("the printed file means the same when it is loaded", async () => {
  const environment = { BERTH_SERVER_CORS_ORIGINS: "*", BERTH_SERVER_TLS_CERT: "/a #b", BERTH_SERVER_TLS_KEY: "/c: d" };
  const loaded = await loadConfig({ environment, directory: "/" });
  const { tree, problems } = parseYamlSource(effectiveFile(loaded), "printed.yml");
  assert.deepEqual(problems, []);
  const { server } = tree as { server: { cors: unknown; tls: unknown } };
  assert.deepEqual(server.cors, { origins: ["*"], credentials: false });
  assert.deepEqual(server.tls, { cert: "/a #b", key: "/c: d", minVersion: "1.2", clientCa: [] });
});

test("neither a secret nor its length is ever printed", () => {
  const definition = section("Test", {
    password: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
    other: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
  });
  const source = { tree: { password: "hunter2" }, problems: [], locate: () => "berth.yml:1:1" };
  const settings = resolveSettings(definition, { sources: [source], directory: "/" });
  const printed = effectiveFile({ file: "berth.yml", settings });
  assert.deepEqual(printed.split("\n").slice(1), ['password: "***" # berth.yml:1:1', ""]);
});

test("a list of sections is printed item by item, each value with its source, and without secrets", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "token"), "hunter2");
  const written = [
    "proxy:",
    "  default: null",
    "  upstreams:",
    "    - name: ghcr.io",
    "      url: https://ghcr.io",
    "      username: ci",
    "      passwordFile: token",
    "      timeouts: { idle: 5s }",
    "    - { name: quay.io, url: https://quay.io }",
  ];
  await writeFile(join(directory, "berth.yml"), written.join("\n"));
  const printed = effectiveFile(await loadConfig({ environment: {}, directory }));
  const lines = printed.split("\n");
  for (const line of [
    "  default: null # berth.yml:2:3",
    "  upstreams: # berth.yml:3:3",
    "    - name: ghcr.io # berth.yml:4:7",
    '      password: "***" # berth.yml:7:7',
    "        idle: 5s # berth.yml:8:19",
    "    - name: quay.io # berth.yml:9:9",
    "      tagTtl: 5m",
  ]) {
    assert.ok(lines.includes(line), line);
  }
  const { tree } = parseYamlSource(printed, "printed.yml");
  const { proxy } = tree as { proxy: { default: unknown; upstreams: { url: string }[] } };
  assert.equal(proxy.default, null);
  assert.deepEqual(
    proxy.upstreams.map(({ url }) => url),
    ["https://ghcr.io", "https://quay.io"],
  );
});

test("an empty list of sections is printed as one", async () => {
  const loaded = await loadConfig({
    environment: { BERTH_PROXY_DEFAULT: "null", BERTH_PROXY_UPSTREAMS: "[]" },
    directory: "/",
  });
  assert.ok(effectiveFile(loaded).split("\n").includes("  upstreams: [] # BERTH_PROXY_UPSTREAMS"));
});
