import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { ConfigError } from "../../../src/config/problem.js";
import type { UpstreamConfig } from "../../../src/config/proxy-schema.js";
import { upstreamSettingsOf } from "../../../src/serving/upstream-settings.js";
import { completeSettings, upstreamDefaults } from "../../../src/upstream/upstream-settings.js";
import { type ConfigOverrides, configWith } from "../../support/config.js";
import { Scope } from "../../support/scope.js";

function upstreamWith(overrides: ConfigOverrides<UpstreamConfig>): UpstreamConfig {
  const written = { name: "a.example", url: "https://a.example", ...overrides };
  const [upstream] = configWith({ proxy: { upstreams: [written] } }).proxy.upstreams;
  assert.ok(upstream);
  return upstream;
}

test("the configuration's defaults are those of the client", async () => {
  const settings = completeSettings(await upstreamSettingsOf(upstreamWith({})));
  assert.deepEqual(settings, {
    ...upstreamDefaults,
    name: "a.example",
    endpoints: [{ url: "https://a.example", realms: [], network: "auto", tls: { verify: "full" } }],
  });
});

test("times, sizes and counts reach the client", async () => {
  const settings = await upstreamSettingsOf(
    upstreamWith({
      timeouts: { connect: "1s", firstByte: "2s", answer: "3s", idle: "4s" },
      slowBelow: "5KiB",
      slowWindow: "6s",
      attempts: 7,
      maxConcurrent: 8,
      maxDownloads: 9,
      maxManifestSize: "9MiB",
    }),
  );
  const { name, endpoints, ...numbers } = settings;
  assert.deepEqual(numbers, {
    connectTimeout: 1000,
    firstByteTimeout: 2000,
    answerTimeout: 3000,
    idleTimeout: 4000,
    slowBelow: 5120,
    slowWindow: 6000,
    attempts: 7,
    maxConcurrent: 8,
    maxDownloads: 9,
    maxManifestSize: 9_437_184,
  });
});

test("mirrors are asked first, and receive neither the password nor the client certificate", async (t) => {
  const folder = await new Scope(t).folder("pem");
  for (const name of ["ca", "cert", "key"]) await writeFile(join(folder, name), `PEM of ${name}`);
  const upstream = upstreamWith({
    mirrors: ["http://mirror.example"],
    username: "u",
    password: "p",
    realms: ["auth.example"],
    network: "private",
    ca: join(folder, "ca"),
    cert: join(folder, "cert"),
    key: join(folder, "key"),
    verify: false,
  });
  const { endpoints } = await upstreamSettingsOf(upstream);
  assert.deepEqual(endpoints, [
    { url: "http://mirror.example", realms: ["auth.example"], tls: { ca: "PEM of ca" } },
    {
      url: "https://a.example",
      realms: ["auth.example"],
      network: "private",
      credentials: { username: "u", password: "p" },
      tls: { verify: "skip", ca: "PEM of ca", cert: "PEM of cert", key: "PEM of key" },
    },
  ]);
});

test("a docker login file also serves mirrors, since it has credentials for each host", async () => {
  const upstream = upstreamWith({ mirrors: ["http://mirror.example"], dockerConfig: "/config.json" });
  const { endpoints } = await upstreamSettingsOf(upstream);
  const expected = { dockerConfigFile: "/config.json" };
  assert.deepEqual(
    endpoints.map(({ credentials }) => credentials),
    [expected, expected],
  );
});

test("a file in PEM format that cannot be read is a problem of the configuration", async () => {
  await assert.rejects(upstreamSettingsOf(upstreamWith({ ca: "/nowhere/ca.pem" })), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(
      error.message,
      /upstream a\.example: ca: cannot be read: there is no file .*\/nowhere\/ca\.pem \(ENOENT\)/,
    );
    return true;
  });
});
