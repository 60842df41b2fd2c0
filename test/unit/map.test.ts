import { strict as assert } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../support/project.js";

const searched = ["src", "test", "scripts", "config", "docs"];

async function filesOfProject(): Promise<string[]> {
  const below = await Promise.all(
    searched.map(async (folder) => {
      const names = await readdir(join(projectRoot, folder), { recursive: true });
      return names.map((name) => `/${folder}/${name}`);
    }),
  );
  return [...below.flat(), ...(await readdir(projectRoot)).map((name) => `/${name}`)];
}

test("each file and folder that the map of the code names exists", async () => {
  const map = await readFile(join(projectRoot, "src/README.md"), "utf8");
  const files = await filesOfProject();
  const named = [...map.matchAll(/`(\w[\w./-]*(?:\.(?:tsx?|mjs|json|sh)|\/))`/g)].map(([, name = ""]) => name);
  assert.ok(named.length > 100, `${named.length} names were found`);
  const missing = named.filter((name) => {
    const path = `/${name.replace(/\/$/, "")}`;
    return !files.some((file) => file.endsWith(path));
  });
  assert.deepEqual(missing, []);
});
