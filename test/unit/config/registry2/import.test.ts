import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { loadConfig } from "../../../../src/config/load.js";
import { importedFile } from "../../../../src/config/registry2/import-file.js";
import { loadLines } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

const cache = [
  "version: 0.1",
  "log: { level: debug, fields: { service: registry } }",
  "storage:",
  "  filesystem: { rootdirectory: /var/lib/registry }",
  "  maintenance: { uploadpurging: { enabled: true, age: 36h, interval: 90m, dryrun: false } }",
  "http:",
  "  addr: :5000",
  "  draintimeout: 1m30s",
  "  headers: { Access-Control-Allow-Origin: ['*'], X-Robots-Tag: [none] }",
  "proxy: { remoteurl: 'http://registry.internal:5000', username: on, password: 0012 }",
];

test("the imported file, when loaded, equals the translation", async (t) => {
  const scope = new Scope(t);
  const variables = { REGISTRY_STORAGE_DELETE_ENABLED: "true", REGISTRY_LOG_LEVEL: "warn" };
  const written = [
    { lines: cache },
    { lines: cache, variables },
    { lines: undefined, variables },
    { lines: ["version: 0.1", "storage: inmemory"] },
  ];
  for (const { lines, variables } of written) {
    const translated = await loadLines(scope, lines, variables);
    const directory = await scope.folder("imported");
    await writeFile(join(directory, "berth.yml"), importedFile(translated));
    const { config, registry2 } = await loadConfig({ environment: {}, directory });
    assert.equal(registry2, undefined);
    const { storage } = translated.config;
    // The default folders differ.
    assert.deepEqual({ ...config, storage: undefined }, { ...translated.config, storage: undefined });
    assert.equal(config.storage.driver, storage.driver);
    assert.equal(config.storage.filesystem.root, storage.filesystem.root);
  }
});

test("each line names its origin, and the top says what became of the rest", async (t) => {
  const loaded = await loadLines(new Scope(t), cache, { REGISTRY_LOG_LEVEL: "warn" });
  const lines = importedFile(loaded).split("\n");
  for (const line of [
    "#   storage.filesystem.rootdirectory (config.yml:4:17) is storage.filesystem.root",
    "#   log.fields (config.yml:2:22): a log collector can add fields to all lines",
    "#   http.headers.X-Robots-Tag (config.yml:9:50): Berth cannot add custom headers; a reverse proxy in front can",
    "mode: proxy # config.yml:10:10",
    "  shutdownGrace: 1m30s # config.yml:8:3",
    "  delete: false # a default of registry:2",
    '      password: "0012" # config.yml:10:68',
    "  level: warn # REGISTRY_LOG_LEVEL",
  ]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  }
});
