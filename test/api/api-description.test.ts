import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Activity } from "../../src/api/activity/activity.js";
import { createApi } from "../../src/api/api-routes.js";
import { apiDescription } from "../support/api-client.js";
import { projectRoot } from "../support/project.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { storageOnDisk } from "../support/storage.js";

const methods = ["get", "post", "put", "patch", "delete"];

test("the description of the API is served as it is in the package", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/v2/_berth/openapi.yml");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], "application/yaml");
  assert.deepEqual(answer.body, await readFile(join(projectRoot, "config", "openapi.yml")));
});
test("every path of the description exists with exactly its methods", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const { paths } = (await apiDescription()) as { paths: Record<string, Record<string, unknown>> };
  for (const [path, operations] of Object.entries(paths)) {
    const answer = await client.request("OPTIONS", path.replace("{id}", "0123456789ab").replace("{client}", "docker"));
    const described = methods.filter((method) => method in operations).map((method) => method.toUpperCase());
    const allowed = (answer.headers.allow ?? "").split(", ").filter((method) => !["HEAD", "OPTIONS"].includes(method));
    assert.deepEqual(allowed.sort(), described.sort(), path);
  }
});

test("every path of the API is in its description", async (t) => {
  const { storage, log } = await storageOnDisk(new Scope(t));
  const activity = new Activity({ storage, log, uploads: () => 0, cacheSize: () => undefined });
  // Only the paths are looked at, so no request needs the rest.
  const { resources } = createApi({ storage, activity, about: {}, upstreams: [], changeable: [] } as never);
  const { paths } = (await apiDescription()) as { paths: Record<string, unknown> };
  const described = Object.keys(paths).map((path) => path.replaceAll("{", ":").replaceAll("}", ""));
  assert.deepEqual(resources.map(({ path }) => path).sort(), described.sort());
  await activity.stop();
});
