import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pushImage } from "../support/api-image.js";
import { tryCommand } from "../support/command.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

const schemathesis = join(projectRoot, ".build/tools/schemathesis/bin/schemathesis");
const checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

test("whatever a fuzzer sends, the API answers as its description says, and never with a 5xx", async (t) => {
  const scope = new Scope(t);
  const hub = await FakeUpstream.start(scope);
  hub.store.addImage(parseRepositoryName("library/alpine"), [seededBytes("layer", 10_000)], "3");
  const { client, port, log } = await runGuardedBerth(
    scope,
    { rules: [{ allow: ["push", "delete", "cache", "admin"], to: ["ann"], in: ["**"] }] } as never,
    {
      mode: "hybrid",
      private: { repositories: ["team/*", "app"] },
      proxy: { upstreams: [{ name: "docker.io", url: hub.url }] },
      root: await scope.folder("data"),
    } as never,
  );
  const ann = client.with(basic("ann"));
  for (const name of ["team/app", "app"]) await pushImage(ann, name, { tag: "1.0" });
  await ann.get("/v2/docker.io/library/alpine/manifests/3");
  const { authorization } = basic("ann");
  // It leaves notes in the current folder.
  const cwd = await scope.folder("fuzzer");
  const args = [
    ...["run", join(projectRoot, "config/openapi.yml"), "--url", `http://127.0.0.1:${port}`],
    ...["--header", `Authorization: ${authorization}`, "--checks", checks, "--max-examples", "40", "--seed", "1"],
    // It never ends, and has a test of its own.
    ...["--exclude-path", "/v2/_berth/live", "--phases", "examples,coverage,fuzzing", "--request-timeout", "20"],
  ];
  // On a busy machine it takes longer than other commands may.
  const { code, stdout, stderr } = await tryCommand(schemathesis, args, { cwd, timeoutMs: 900_000 });
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(log.named("request failed"), []);
});
