import { strict as assert } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../support/project.js";

const source = join(projectRoot, "src");

/** What the code starts by a file's name: threads, and server processes. */
async function startedFiles(): Promise<string[]> {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".ts"));
  const started = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(source, file), "utf8");
      const names = [...text.matchAll(/new URL\("\.\/([\w-]+)\.js", import\.meta\.url\)/g)];
      return names.map(([, name]) => relative(projectRoot, join(source, dirname(file), `${name}.ts`)));
    }),
  );
  return started.flat();
}

test("each file that Node starts by its name is an entry of the bundle", async () => {
  const script = await readFile(join(projectRoot, "scripts/build-server.mjs"), "utf8");
  const started = await startedFiles();
  assert.ok(started.length >= 4, "the test still finds them");
  for (const file of started) assert.ok(script.includes(`"${file}"`), `${file} is in scripts/build-server.mjs`);
});
