import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { ContentRules } from "../../../src/proxy/content-rules.js";

const nginx = parseRepositoryName("library/nginx");
const alpine = parseRepositoryName("library/alpine");
const other = parseRepositoryName("someone/app");

test("without patterns everything may be pulled", () => {
  const rules = new ContentRules([], []).of(other);
  const tags = ["1", "latest"];
  assert.equal(rules?.allowed(tags), tags);
});

test("with allow patterns, nothing else may be pulled", () => {
  const rules = new ContentRules(["library/*", "someone/app:1.*"], []);
  assert.deepEqual(rules.of(nginx)?.allowed(["1", "latest"]), ["1", "latest"]);
  assert.deepEqual(rules.of(other)?.allowed(["1.0", "2.0", "10"]), ["1.0"]);
  assert.equal(rules.of(parseRepositoryName("someone/else")), undefined);
});

test("deny overrides every allow", () => {
  const rules = new ContentRules(["library/**"], ["library/nginx", "**:*-rc*"]);
  assert.equal(rules.of(nginx), undefined);
  assert.deepEqual(rules.of(alpine)?.allowed(["3.20", "3.21-rc1"]), ["3.20"]);
});
