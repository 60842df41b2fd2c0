import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

const script = join(projectRoot, "scripts/supply-chain.mjs");

test("every run-time package has a free licence and a checksum, and is in the bill of materials", async (t) => {
  const folder = await new Scope(t).folder("supply-chain");
  const { stdout } = await promisify(execFile)(process.execPath, [script, folder]);
  const count = Number(/^(\d+) packages/.exec(stdout)?.[1]);
  const bill = JSON.parse(await readFile(join(folder, "sbom.cdx.json"), "utf8"));
  assert.equal(bill.bomFormat, "CycloneDX");
  assert.equal(bill.components.length, count);
  const licences = (await readFile(join(folder, "licences.txt"), "utf8")).trimEnd().split("\n");
  assert.equal(licences.length, count);
  // One more package is a decision: src/README.md says what each of ours brings.
  assert.ok(count <= 170, `${count} packages at run time`);
});

test("a package with another licence, without one or without a checksum is a problem", async () => {
  const { packagesAtRunTime, problemsOf } = await import(script);
  const integrity = "sha512-x";
  const problemsWith = (entry: object) =>
    problemsOf(packagesAtRunTime({ packages: { "": {}, "node_modules/@a/b": { version: "1.0.0", ...entry } } }));
  for (const license of ["MIT", "(MIT OR GPL-3.0-only)", "MIT AND ISC"]) {
    assert.deepEqual(problemsWith({ license, integrity }), [], license);
  }
  for (const license of ["GPL-3.0-only", "MIT AND GPL-3.0-only", "UNLICENSED", "SEE LICENSE IN X", "", undefined]) {
    assert.match(problemsWith({ license, integrity })[0], /^@a\/b 1\.0\.0: the licence /, license);
  }
  assert.match(problemsWith({ license: "MIT" })[0], /no sha512/);
  assert.deepEqual(problemsWith({ license: "GPL-3.0-only", dev: true }), []);
});
