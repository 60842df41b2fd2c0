import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import test from "node:test";
import { tryCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

/** What the files of each folder of src/ may import from the modules below. `biome.json` must say the same. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  serving: [
    "api/api-routes",
    "cluster/cluster",
    "package-version",
    "config/schema",
    "http/server",
    "registry/registry",
    "private/private-registry",
    "proxy/proxy-registry",
    "upstream/upstream-client",
    "images/images",
    "storage/storage",
    "maintenance/upload-purge",
    "retention/policies",
    "metrics/metrics",
    "events/event",
    "ui/page-routes",
    "setup/clients",
    "observability/logger",
    "observability/winston-logger",
    "oci/digest",
    "node:fs",
    "node:fs/promises",
    "foundation/bounded-map",
  ],
  http: ["registry/registry", "oci/digest", "observability/logger", "express", "foundation/bounded-map"],
  "http/handlers": ["registry/registry", "oci/digest", "observability/logger", "express", "foundation/bounded-map"],
  registry: ["oci/digest", "observability/logger", "foundation/bounded-map"],
  private: [
    "cluster/cluster",
    "registry/registry",
    "storage/storage",
    "oci/digest",
    "observability/logger",
    "foundation/bounded-map",
  ],
  proxy: [
    "cluster/cluster",
    "registry/registry",
    "images/images",
    "storage/storage",
    "upstream/upstream-client",
    "oci/digest",
    "observability/logger",
    "foundation/bounded-map",
  ],
  "proxy/downloads": [
    "cluster/cluster",
    "registry/registry",
    "images/images",
    "storage/storage",
    "upstream/upstream-client",
    "oci/digest",
    "observability/logger",
    "foundation/bounded-map",
  ],
  upstream: ["oci/digest", "observability/logger", "axios", "foundation/bounded-map"],
  "upstream/auth": ["oci/digest", "observability/logger", "axios", "foundation/bounded-map"],
  storage: ["oci/digest", "observability/logger", "foundation/bounded-map"],
  "storage/content": ["oci/digest", "observability/logger", "foundation/bounded-map"],
  "storage/cache": ["oci/digest", "observability/logger", "foundation/bounded-map"],
  "storage/copying": ["oci/digest", "observability/logger", "foundation/bounded-map"],
  "storage/drivers": [
    "observability/logger",
    "proper-lockfile",
    "node:fs",
    "node:fs/promises",
    "foundation/bounded-map",
  ],
  "storage/drivers/filesystem": [
    "observability/logger",
    "proper-lockfile",
    "node:fs",
    "node:fs/promises",
    "foundation/bounded-map",
  ],
  cluster: ["oci/digest", "observability/logger", "foundation/bounded-map"],
  images: ["storage/storage", "oci/digest", "observability/logger", "foundation/bounded-map"],
  maintenance: ["images/images", "storage/storage", "oci/digest", "observability/logger", "foundation/bounded-map"],
  retention: [
    "registry/registry",
    "storage/storage",
    "maintenance/upload-purge",
    "oci/digest",
    "observability/logger",
    "foundation/bounded-map",
  ],
  "maintenance/fsck": [
    "images/images",
    "storage/storage",
    "oci/digest",
    "observability/logger",
    "foundation/bounded-map",
  ],
  events: ["registry/registry", "storage/storage", "upstream/upstream-client", "oci/digest", "observability/logger"],
  api: [
    "http/server",
    "registry/registry",
    "proxy/proxy-registry",
    "upstream/upstream-client",
    "images/images",
    "storage/storage",
    "maintenance/upload-purge",
    "observability/logger",
    "oci/digest",
    "foundation/bounded-map",
  ],
  "api/images": [
    "http/server",
    "registry/registry",
    "proxy/proxy-registry",
    "upstream/upstream-client",
    "images/images",
    "storage/storage",
    "maintenance/upload-purge",
    "observability/logger",
    "oci/digest",
    "foundation/bounded-map",
  ],
  metrics: [
    "events/event",
    "http/server",
    "registry/registry",
    "proxy/proxy-registry",
    "upstream/upstream-client",
    "storage/storage",
    "maintenance/upload-purge",
    "retention/policies",
    "observability/logger",
    "oci/digest",
    "prom-client",
    "foundation/bounded-map",
  ],
  ui: [
    "api/api-routes",
    "http/server",
    "registry/registry",
    "oci/digest",
    "observability/logger",
    "node:fs",
    "node:fs/promises",
    "foundation/bounded-map",
  ],
  "ui/browser": [],
  setup: ["config/schema"],
  observability: ["winston"],

  config: ["yaml", "node:fs", "node:fs/promises", "foundation/bounded-map"],

  "config/registry2": ["yaml", "node:fs", "node:fs/promises"],

  oci: ["observability/logger", "foundation/bounded-map"],
  foundation: [],
};

/** At least one module per folder. */
const ours = [
  "main",
  "package-version",
  "commands/serve",
  "serving/mode-selector",
  "api/api-routes",
  "config/schema",
  "http/server",
  "registry/registry",
  "private/private-registry",
  "proxy/proxy-registry",
  "upstream/upstream-client",
  "cluster/cluster",
  "images/images",
  "storage/storage",
  "storage/drivers/memory-driver",
  "foundation/bounded-map",
  "maintenance/upload-purge",
  "retention/policies",
  "metrics/metrics",
  "events/event",
  "ui/page-routes",
  "setup/clients",
  "observability/logger",
  "observability/winston-logger",
  "oci/digest",
];

const bound = ["axios", "express", "node:fs", "node:fs/promises", "prom-client", "proper-lockfile", "winston", "yaml"];

for (const [folder, allowed] of Object.entries(mayImport)) {
  test(`of modules elsewhere and bound packages, src/${folder}/ may import: ${allowed.join(", ")}`, async (t) => {
    const elsewhere = ours.filter((module) => module.split("/")[0] !== folder.split("/")[0]);
    const modules = [...elsewhere, ...bound];
    const refused = await refusedImports(await new Scope(t).folder("imports"), folder, modules);
    assert.deepEqual(modules.filter((module) => !refused.has(module)).sort(), [...allowed].sort());
  });
}

test("only storage/ knows drivers and keys", async (t) => {
  const hidden = ["storage/drivers/memory-driver", "storage/driver", "storage/layout"];
  for (const folder of ["private", "proxy", "proxy/eviction", "images", "maintenance", "serving"]) {
    const refused = await refusedImports(await new Scope(t).folder("imports"), folder, hidden);
    assert.deepEqual([...refused], hidden, folder);
  }
});

test("only storage/ uses the driver directly", async () => {
  const sources = (await readdir(join(projectRoot, "src"), { recursive: true })).filter((file) => file.endsWith(".ts"));
  const others = sources.filter((file) => !file.startsWith("storage/"));
  assert.ok(others.length > 200);
  const askers: string[] = [];
  for (const file of others)
    if (/\bstorage\.driver\.\w+\(/.test(await readFile(join(projectRoot, "src", file), "utf8"))) askers.push(file);
  assert.deepEqual(askers, []);
});

/** The modules that the linter forbids a file of the folder to import, checked in a separate project. */
async function refusedImports(project: string, folder: string, modules: readonly string[]): Promise<Set<string>> {
  const file = join("src", folder, "scratch.ts");
  const lines = modules.map((module, index) => `import type { X as X${index} } from "${pathTo(module, folder)}";`);
  await mkdir(join(project, dirname(file)), { recursive: true });
  await writeFile(join(project, file), lines.join("\n"));
  await copyFile(join(projectRoot, "biome.json"), join(project, "biome.json"));
  const rule = "--only=style/noRestrictedImports";
  const args = ["lint", "--vcs-enabled=false", "--max-diagnostics=none", "--colors=off", rule, file];
  const { stdout, stderr } = await tryCommand(join(projectRoot, "node_modules/.bin/biome"), args, { cwd: project });
  assert.match(stdout, /Checked 1 file/, stderr);
  const places = stderr.matchAll(/scratch\.ts:(\d+):\d+ lint\/style\/noRestrictedImports/g);
  return new Set([...places].flatMap(([, line]) => modules[Number(line) - 1] ?? []));
}

function pathTo(module: string, folder: string): string {
  return bound.includes(module) ? module : `${relative(folder, module)}.js`;
}
