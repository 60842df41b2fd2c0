import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { rolldown } from "rolldown";
import { runCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

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
  const folder = await new Scope(t).folder("bundled");
  await writeFile(join(folder, "failing.ts"), source);
  const bundle = await rolldown({ input: join(folder, "failing.ts"), platform: "node" });
  await bundle.write({ file: join(folder, "out/failing.js"), format: "es", sourcemap: true });
  await bundle.close();

  const stack = await runCommand(process.execPath, [join(folder, "out/failing.js")]);

  assert.match(stack, /^Error: on line 6\n {4}at fail \(failing\.ts:6:10\)\n {4}at failing\.ts:8:13\n/);
});
