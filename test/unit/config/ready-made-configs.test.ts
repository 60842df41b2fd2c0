import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { parseDuration } from "../../../src/config/duration.js";
import { loadConfig } from "../../../src/config/load.js";
import { projectRoot } from "../../support/project.js";

const directory = join(projectRoot, "config");

/** Describes the API and configures nothing. */
const description = "openapi.yml";

for (const file of readdirSync(directory).filter((name) => name.endsWith(".yml") && name !== description)) {
  test(`config/${file} has no problem`, async () => {
    await loadConfig({ file, environment: {}, directory });
  });
}

test("systemd waits longer than Berth gives running transfers, in every ready-made config", async () => {
  const unit = await readFile(join(directory, "berth.service"), "utf8");
  const patience = parseDuration(/^TimeoutStopSec=(.+)$/m.exec(unit)?.[1] ?? "") ?? 0;
  for (const file of ["private.yml", "behind-nginx.yml", "mirror.yml"]) {
    const { config } = await loadConfig({ file, environment: {}, directory });
    assert.ok(patience > config.server.shutdownGrace, file);
  }
});

// The other client files are tested with their clients, in test/e2e.
test("k3s is sent to Berth for every registry, by http", async () => {
  const { mirrors } = parse(await readFile(join(directory, "clients/k3s-registries.yaml"), "utf8"));
  assert.deepEqual(mirrors, { "*": { endpoint: ["http://registry.example.com:5000"] } });
});
