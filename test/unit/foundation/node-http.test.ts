import { strict as assert } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../support/project.js";

test("only foundation/node-http.ts loads Node's HTTP: an import of its values would load undici at every start", async () => {
  const source = join(projectRoot, "src");
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const importing: string[] = [];
  for (const file of files)
    if (/^import (?!type ).*"node:https?";$/m.test(await readFile(join(source, file), "utf8"))) importing.push(file);
  assert.ok(files.includes("foundation/node-http.ts"));
  assert.deepEqual(importing, []);
});
