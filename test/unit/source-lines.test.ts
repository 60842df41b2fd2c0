import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { rolldown } from "rolldown";
import { runCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

interface SectionedMap {
  readonly sections: readonly { readonly map: object }[];
}
const script = join(projectRoot, "scripts/sectioned-map.mjs");
const { sectionedMap }: { sectionedMap: (map: unknown) => SectionedMap } = await import(script);

const source = `
import { nameSourcesInStacks } from "${projectRoot}/src/source-lines.ts";
nameSourcesInStacks();
interface Removed { readonly by: "the bundler" }
function fail(): Error {
  return new Error("on line 6");
}
console.log(fail().stack);
`;

test("the stack of an error names the source file and line, though the program is bundled", async (t) => {
  const file = await bundled(t, source);

  const stack = await runCommand(process.execPath, [file]);

  assert.match(stack, /^Error: on line 6\n {4}at fail \(failing\.ts:6:10\)\n {4}at failing\.ts:8:13\n/);
});

test("a stack reads only the sections of a source map that it needs", async (t) => {
  const file = await bundled(t, `${source}${"console.log();\n".repeat(2_000)}console.log(fail().stack);`);
  const map = sectionedMap(JSON.parse(await readFile(`${file}.map`, "utf8")));
  const middle = map.sections.slice(1, -1);
  assert.ok(middle.length > 2);
  // Whoever reads these fails.
  for (const section of middle) Reflect.deleteProperty(section.map, "mappings");
  await writeFile(`${file}.map`, JSON.stringify(map));

  const output = await runCommand(process.execPath, [file]);

  assert.match(output, /^Error: on line 6\n {4}at fail \(failing\.ts:6:10\)\n {4}at failing\.ts:8:13\n/);
  assert.match(output, /\nError: on line 6\n {4}at fail \(failing\.ts:6:10\)\n {4}at failing\.ts:2009:13\n/);
});

async function bundled(t: TestContext, content: string): Promise<string> {
  const folder = await new Scope(t).folder("bundled");
  await writeFile(join(folder, "failing.ts"), content);
  const bundle = await rolldown({ input: join(folder, "failing.ts"), platform: "node" });
  const file = join(folder, "out/failing.js");
  await bundle.write({ file, format: "es", sourcemap: true });
  await bundle.close();
  return file;
}
