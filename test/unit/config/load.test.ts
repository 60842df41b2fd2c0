import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { loadConfig } from "../../../src/config/load.js";
import { ConfigError } from "../../../src/config/problem.js";
import { Scope } from "../../support/scope.js";

test("an empty file is an error, also beside variables; with {} the defaults apply, and variables override them", async (t) => {
  const directory = await new Scope(t).folder("config");
  const file = join(directory, "berth.yml");
  const variables = [{}, { BERTH_SERVER_PORT: "5001" }, { REGISTRY_HTTP_ADDR: "127.0.0.1:5001" }];
  for (const text of ["", "\n", "# all settings were removed\n", "---\n", "null\n"]) {
    await writeFile(file, text);
    for (const environment of variables) {
      await assert.rejects(loadConfig({ environment, directory }), /is empty; to use all defaults/, text);
    }
  }
  await writeFile(file, "{}\n");
  const { config } = await loadConfig({ environment: { BERTH_SERVER_PORT: "5001" }, directory });
  assert.equal(config.server.port, 5001);
});

test("without a file and variables, Berth is a private registry on this machine", async (t) => {
  const directory = await new Scope(t).folder("config");
  const { config, file } = await loadConfig({ environment: {}, directory });
  assert.equal(file, undefined);
  assert.deepEqual(config, {
    mode: "private",
    server: {
      host: "127.0.0.1",
      port: 5000,
      workers: 1,
      tls: undefined,
      trustedProxies: [],
      cors: { origins: [], credentials: false },
      prefix: undefined,
      publicUrl: undefined,
      locations: "relative",
      catalogMaxEntries: 10_000,
      maxConnections: 10_000,
      maxHeaderSize: 32_768,
      headersTimeout: 20_000,
      keepAlive: 75_000,
      stall: { window: 60_000, minimum: 4096 },
      shutdownGrace: 30_000,
    },
    storage: {
      driver: "filesystem",
      filesystem: { root: join(directory, "data") },
      s3: undefined,
      verify: 0.01,
      cache: 67_108_864,
    },
    cluster: undefined,
    access: undefined,
    metrics: undefined,
    events: undefined,
    ui: { enabled: true },
    private: {
      repositories: ["*"],
      adopt: false,
      delete: true,
      readonly: false,
      sparse: false,
      manifestMaxSize: 4_194_304,
      anyMediaType: false,
      referrersTag: false,
      quotas: [],
      uploads: {
        maxConcurrent: 1000,
        maxOpen: 20_000,
        maxOpenPerClient: 10_000,
        expire: 604_800_000,
        purgeInterval: 3_600_000,
      },
    },
    proxy: {
      default: "docker.io",
      maxSize: undefined,
      minFree: undefined,
      maxAge: undefined,
      finishDownloads: true,
      upstreams: [
        {
          name: "docker.io",
          url: "https://registry-1.docker.io",
          prefix: undefined,
          ns: [],
          remotePrefix: undefined,
          allow: [],
          deny: [],
          mirrors: [],
          username: undefined,
          password: undefined,
          dockerConfig: undefined,
          realms: [],
          network: "auto",
          ca: undefined,
          cert: undefined,
          key: undefined,
          verify: true,
          adopt: false,
          tagTtl: 300_000,
          onDelete: "keep",
          staleDeadline: 2_000,
          notFoundTtl: 30_000,
          timeouts: { connect: 10_000, firstByte: 15_000, answer: 25_000, blob: 600_000, idle: 30_000 },
          slowBelow: 1024,
          slowWindow: 30_000,
          attempts: 3,
          maxConcurrent: 32,
          maxDownloads: 256,
          maxManifestSize: 8_388_608,
          lazyRanges: false,
        },
      ],
    },
    retention: { every: 24 * 60 * 60_000, policies: [] },
    maintenance: {
      gc: { every: 86_400_000, grace: 3_600_000, claim: 86_400_000, trash: 86_400_000, window: undefined, share: 0.5 },
      fsck: { every: 2_592_000_000, window: undefined, rate: 20_971_520 },
    },
    log: { level: "info", format: "text", access: true },
  });
});

test("berth.yml of the folder is read by default, and a named file instead of it", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "server: { port: 1 }\n");
  await writeFile(join(directory, "other.yml"), "server: { port: 2 }\n");
  const found = await loadConfig({ environment: {}, directory });
  assert.deepEqual([found.file, found.config.server.port], ["berth.yml", 1]);
  const named = await loadConfig({ file: "other.yml", environment: {}, directory });
  assert.deepEqual([named.file, named.config.server.port], ["other.yml", 2]);
});

test("a named file that does not exist is a problem, and does not mean the defaults", async (t) => {
  const directory = await new Scope(t).folder("config");
  const load = loadConfig({ file: "gone.yml", environment: {}, directory });
  await assert.rejects(
    load,
    (error) => error instanceof ConfigError && /gone\.yml: cannot be read/.test(error.message),
  );
});

test("a variable overrides the file", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "server: { port: 1 }\nprivate: { sparse: true }\n");
  const environment = { BERTH_SERVER_PORT: "2", BERTH_PRIVATE_UPLOADS_MAX_CONCURRENT: "3", BERTH_LOG_ACCESS: "false" };
  const { config } = await loadConfig({ environment, directory });
  assert.equal(config.server.port, 2);
  assert.equal(config.private.sparse, true);
  assert.equal(config.private.uploads.maxConcurrent, 3);
  assert.equal(config.log.access, false);
});

test("one error lists every problem with its position, in the file and in the variables", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "server:\n  prot: 5000\n  keepAlive: 75\nlogs: {}\n");
  const load = loadConfig({ environment: { BERTH_SERVER_PORT: "70000", BERTH_MODUS: "proxy" }, directory });
  await assert.rejects(load, {
    name: "ConfigError",
    message: [
      "5 problems in the configuration",
      "  berth.yml:2:3: server.prot: unknown key; did you mean server.port?",
      "  berth.yml:3:3: server.keepAlive: must be a duration from 1s to 24d such as 90s, 1h30m or 7d, not 75",
      "  berth.yml:4:1: logs: unknown key; did you mean log?",
      "  BERTH_MODUS: no setting has this name; did you mean BERTH_MODE?",
      "  BERTH_SERVER_PORT: server.port: must be a whole number from 0 to 65535, not '70000'",
    ].join("\n"),
  });
});

test("variables are checked even if the file is not YAML", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "server: [\n");
  const load = loadConfig({ environment: { BERTH_LOG_LEVEL: "loud" }, directory });
  await assert.rejects(load, (error) => {
    assert.ok(error instanceof ConfigError);
    const places = error.problems.map(({ where }) => where);
    return places.some((where) => where.startsWith("berth.yml:")) && places.includes("BERTH_LOG_LEVEL");
  });
});

test("a file that is not a map of keys is refused", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), "- mode: private\n");
  await assert.rejects(loadConfig({ environment: {}, directory }), /berth\.yml:1:1: must be a section with keys/);
});

test("a quoted key cannot control the terminal of the reader of an error", async (t) => {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), '"\\e[2J\\nserver": 1\n');
  await assert.rejects(loadConfig({ environment: {}, directory }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /'\\x1B\[2J\\nserver': unknown key/);
    return true;
  });
});
