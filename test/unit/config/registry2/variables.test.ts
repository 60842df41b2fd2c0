import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { loadConfig } from "../../../../src/config/load.js";
import { loadLines, problemsOfLines, verdicts } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

const storyVariables = {
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/data",
  REGISTRY_PROXY_REMOTEURL: "https://registry-1.docker.io",
  REGISTRY_PROXY_USERNAME: "ann",
  REGISTRY_PROXY_PASSWORD: "0815",
  REGISTRY_DELETE_ENABLED: "true",
  REGISTRY_STORAGE_DELETE_ENABLED: "true",
};

const head = ["version: 0.1", "storage: { filesystem: { rootdirectory: /srv } }"];

test("variables alone, as in a compose file, result in the same cache", async (t) => {
  const { config, file } = await loadLines(new Scope(t), undefined, storyVariables);
  assert.equal(file, undefined);
  assert.equal(config.mode, "proxy");
  assert.deepEqual([config.server.host, config.server.port], ["::", 5000]);
  assert.equal(config.storage.filesystem.root, "/data");
  assert.equal(config.private.delete, true);
  const [upstream, ...others] = config.proxy.upstreams;
  assert.deepEqual(
    [config.proxy.default, upstream?.name, upstream?.url, upstream?.username, upstream?.password, others.length],
    ["docker.io", "docker.io", "https://registry-1.docker.io", "ann", "0815", 0],
  );
});

test("the variable that people often write allows DELETE too", async (t) => {
  const scope = new Scope(t);
  const deleteWith = async (environment: Record<string, string>) =>
    (await loadLines(scope, head, environment)).config.private.delete;
  assert.equal(await deleteWith({}), false);
  assert.equal(await deleteWith({ REGISTRY_DELETE_ENABLED: "true" }), true);
  assert.equal(await deleteWith({ REGISTRY_STORAGE_DELETE_ENABLED: "true" }), true);
  assert.equal(
    await deleteWith({ REGISTRY_DELETE_ENABLED: "true", REGISTRY_STORAGE_DELETE_ENABLED: "false" }),
    false,
    "the real name takes precedence",
  );
});

test("a variable overrides the file of registry:2, and one of Berth's overrides both", async (t) => {
  const lines = [...head, "http: { addr: ':1' }", "log: { level: error }"];
  const environment = {
    REGISTRY_HTTP_ADDR: "127.0.0.1:2",
    REGISTRY_LOG_LEVEL: "debug",
    BERTH_SERVER_PORT: "3",
    BERTH_PRIVATE_DELETE: "true",
  };
  const { config } = await loadLines(new Scope(t), lines, environment);
  assert.deepEqual([config.server.host, config.server.port], ["127.0.0.1", 3]);
  assert.equal(config.log.level, "debug");
  assert.equal(config.private.delete, true);
});

test("values are parsed as YAML: quotes are removed, lists and maps are accepted, text stays text", async (t) => {
  const { config } = await loadLines(new Scope(t), head, {
    REGISTRY_PROXY: "{remoteurl: 'https://registry-1.docker.io', username: on, password: 0012}",
    REGISTRY_HTTP_HEADERS: '{Access-Control-Allow-Origin: ["https://a.example", "https://b.example"]}',
    REGISTRY_LOG_LEVEL: '"debug"',
    REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING: '{"enabled":false}',
  });
  const [upstream] = config.proxy.upstreams;
  assert.deepEqual([upstream?.username, upstream?.password], ["on", "0012"]);
  assert.deepEqual(config.server.cors.origins, ["https://a.example", "https://b.example"]);
  assert.equal(config.log.level, "debug");
  assert.equal(config.private.uploads.expire, 3650 * 86_400_000);
});

test("a value that is not YAML is used as it is", async (t) => {
  const environment = { ...storyVariables, REGISTRY_PROXY_PASSWORD: "@p*ss%" };
  const { config } = await loadLines(new Scope(t), undefined, environment);
  assert.equal(config.proxy.upstreams[0]?.password, "@p*ss%");
});

test("keys of the file match in any case, such as header names", async (t) => {
  const lines = [...head, "http: { headers: { Access-Control-Allow-Origin: ['https://a.example'] } }"];
  const environment = { "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin": "['https://b.example']" };
  const { config } = await loadLines(new Scope(t), lines, environment);
  assert.deepEqual(config.server.cors.origins, ["https://b.example"]);
});

test("either read-only setting makes the registry read-only", async (t) => {
  const scope = new Scope(t);
  for (const [variable, value] of [
    ["REGISTRY_STORAGE_MAINTENANCE_READONLY", '{"enabled":true}'],
    ["REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED", "true"],
  ] as const) {
    const { config } = await loadLines(scope, head, { [variable]: value });
    assert.equal(config.private.readonly, true);
  }
});

test("a driver alone replaces the storage of the file, and a part of one is added to it", async (t) => {
  const scope = new Scope(t);
  const { config } = await loadLines(scope, head, { REGISTRY_STORAGE: "inmemory" });
  assert.equal(config.storage.driver, "memory");
  const lines = ["version: 0.1", "storage: { s3: { bucket: images }, delete: { enabled: true } }"];
  const variables = { REGISTRY_STORAGE: "filesystem", REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/x" };
  const replaced = await loadLines(scope, lines, variables);
  assert.deepEqual([replaced.config.storage.filesystem.root, replaced.config.private.delete], ["/x", false]);
  const problems = await problemsOfLines(scope, head, { REGISTRY_STORAGE_S3_BUCKET: "images" });
  assert.match(problems.join("\n"), /names several drivers, 'filesystem' and 's3'; keep one/);
});

test("list items are addressed by number, and one more may be added", async (t) => {
  const scope = new Scope(t);
  const lines = [...head, "http: { tls: { certificate: /t.crt, key: /t.key, clientcas: [/a.crt] } }"];
  const { config } = await loadLines(scope, lines, { REGISTRY_HTTP_TLS_CLIENTCAS_1: "/b.crt" });
  assert.deepEqual(config.server.tls?.clientCa, ["/a.crt", "/b.crt"]);
  assert.match(
    (await problemsOfLines(scope, head, { REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME: "b" })).join(),
    /^$/,
    "without a list, a number is an unknown key",
  );
  assert.match(
    (await problemsOfLines(scope, lines, { REGISTRY_HTTP_TLS_CLIENTCAS_5: "/b.crt" })).join("\n"),
    /REGISTRY_HTTP_TLS_CLIENTCAS_5: http\.tls\.clientcas: there is no item 5; the next one would be 1/,
  );
});

test("an empty variable unsets a setting, but never the access control", async (t) => {
  const scope = new Scope(t);
  const cache = [...head, "proxy: { remoteurl: 'https://registry-1.docker.io' }"];
  assert.equal((await loadLines(scope, cache, { REGISTRY_PROXY_REMOTEURL: "" })).config.mode, "private");
  const guarded = [...head, "auth: { htpasswd: { realm: r, path: /p } }"];
  assert.equal((await loadLines(scope, guarded, { REGISTRY_AUTH: "" })).config.access?.open, false);
});

test("REGISTRY_ variables of Kubernetes and others are ignored, with or without a file", async (t) => {
  const scope = new Scope(t);
  const others = {
    REGISTRY_URL: "http://x",
    REGISTRY_PORT: "tcp://10.0.0.1:5000",
    REGISTRY_SERVICE_HOST: "10.0.0.1",
    // For a service named registry-proxy.
    REGISTRY_PROXY_SERVICE_HOST: "10.0.0.1",
    REGISTRY_PROXY_PORT: "tcp://10.0.0.1:5000",
    REGISTRY_PROXY_PORT_5000_TCP_ADDR: "10.0.0.1",
  };
  const alone = await loadLines(scope, undefined, others);
  assert.equal(alone.registry2, undefined);
  assert.equal(alone.config.server.host, "127.0.0.1");
  const beside = await loadLines(scope, head, others);
  assert.equal(verdicts(beside.registry2).REGISTRY_URL, "unknown");
});

test("with a file of Berth, variables apply, but what they imply does not override the file", async (t) => {
  const scope = new Scope(t);
  const { config } = await loadLines(scope, ["mode: private", "log: { level: error }"], {
    ...storyVariables,
    REGISTRY_LOG_LEVEL: "debug",
  });
  assert.equal(config.mode, "private");
  assert.equal(config.log.level, "debug");
  assert.equal(config.storage.filesystem.root, "/data");
  assert.equal(config.proxy.upstreams[0]?.username, "ann");
  assert.equal(config.server.host, "127.0.0.1", "a file of Berth has Berth's defaults");
  const silent = await loadLines(scope, ["log: { level: error }"], storyVariables);
  assert.equal(silent.config.mode, "proxy");
});

test("whoever uses registry:2's variables with a file of Berth gets DELETE only if one of them allows it", async (t) => {
  const scope = new Scope(t);
  const isAllowed = async (line: string, environment: Record<string, string>) =>
    (await loadLines(scope, [line], environment)).config.private.delete;
  assert.equal(await isAllowed("mode: private", { REGISTRY_LOG_LEVEL: "warn" }), false);
  assert.equal(await isAllowed("private: { delete: true }", { REGISTRY_LOG_LEVEL: "warn" }), true);
  assert.equal(await isAllowed("mode: private", { REGISTRY_DELETE_ENABLED: "true" }), true);
  assert.equal(await isAllowed("mode: private", {}), true);
});

test("the upstreams of a file of Berth are not replaced by a variable of registry:2", async (t) => {
  const lines = [
    "mode: proxy",
    "proxy:",
    "  default: ghcr.io",
    "  upstreams: [{ name: ghcr.io, url: https://ghcr.io }]",
  ];
  assert.deepEqual(await problemsOfLines(new Scope(t), lines, storyVariables), [
    "REGISTRY_PROXY_REMOTEURL: proxy.remoteurl: config.yml:4:3 sets proxy.upstreams, and a list is taken as a whole; keep one of them",
  ]);
});

test("the file named by REGISTRY_CONFIGURATION_PATH is read", async (t) => {
  const directory = await new Scope(t).folder("registry2");
  await writeFile(join(directory, "config.yml"), head.join("\n"));
  await writeFile(join(directory, "berth.yml"), "mode: proxy");
  const environment = { REGISTRY_CONFIGURATION_PATH: "config.yml" };
  const { config, file } = await loadConfig({ environment, directory });
  assert.deepEqual([file, config.storage.filesystem.root], ["config.yml", "/srv"]);
});
