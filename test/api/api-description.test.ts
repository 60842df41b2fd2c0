import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../support/project.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

test("the description of the API is served as it is in the package", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.get("/v2/_berth/openapi.yml");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], "application/yaml");
  assert.deepEqual(answer.body, await readFile(join(projectRoot, "config", "openapi.yml")));
});
