import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type BerthOptions, startBerth } from "../support/berth-process.js";
import { type ConformanceCase, type ConformanceProfile, runConformanceSuite } from "../support/conformance-suite.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { Scope } from "../support/scope.js";

const sparseContent = ["Sparse Manifests"];
const newInDev = ["Blob upload cancel", "Manifest put with tag params", "Tag Param", "Tag Param sha512"];

/**
 * Each profile, with what it may leave out: what the released specification does not have yet, or what is not tested.
 */
const profiles: readonly (ConformanceProfile & { leavesOut: readonly string[] })[] = [
  { version: "1.1", sparse: false, leavesOut: [...newInDev, ...sparseContent] },
  { version: "1.1", sparse: true, leavesOut: newInDev },
  { version: "dev", sparse: false, leavesOut: sparseContent },
  { version: "dev", sparse: true, leavesOut: [] },
];

/** What the suite pushes to is private in either mode; the upstream would reveal any request. */
const modes: Readonly<Record<string, BerthOptions>> = {
  private: {},
  hybrid: { mode: "hybrid", proxy: { upstreams: [{ name: "docker.io", url: "http://127.0.0.1:1" }] } },
};

/** Content is pushed through one and requested from the other. */
const twoWorkers: BerthOptions = { server: { workers: 2 } };

for (const [mode, options] of Object.entries(modes)) for (const profile of profiles) testSuite(mode, options, profile);
for (const profile of profiles.slice(-1)) testSuite("private, by two workers", twoWorkers, profile);

const login = { user: "ann", password: "ann-password" };
for (const challenge of ["basic", "bearer"] as const) {
  for (const profile of profiles) testGuarded(challenge, profile);
}

/** Anonymous clients may do nothing, and ann may do everything. */
function testGuarded(challenge: "basic" | "bearer", profile: (typeof profiles)[number]): void {
  const name = `mode private with ${challenge} credentials`;
  const access = async (scope: Scope) => ({
    access: { challenge, users: { htpasswd: await htpasswdFile(scope, { [login.user]: login.password }) } },
  });
  testSuite(name, {}, { ...profile, login }, access);
}

function testSuite(
  mode: string,
  options: BerthOptions,
  profile: (typeof profiles)[number],
  more: (scope: Scope) => Promise<BerthOptions> = async () => ({}),
): void {
  const { version, sparse, leavesOut } = profile;
  const accepted = sparse ? "accepted" : "refused";
  test(`passes the official suite in mode ${mode}, version ${version}, sparse content ${accepted}`, async (t) => {
    const scope = new Scope(t);
    const berth = await startBerth(scope, {
      ...options,
      ...(await more(scope)),
      private: { sparse, repositories: ["conformance/**"] },
    });
    const report = await runConformanceSuite(scope, berth.host, profile);
    const { passed, failed, skipped, disabled, leftOut } = report;
    t.diagnostic(
      `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped, ${disabled.length} disabled` +
        ` (left out: ${leftOut.join(", ") || "nothing"})`,
    );
    assert.equal(failed.length, 0, `failures:\n${failed.slice(0, 10).map(tell).join("\n")}`);
    assert.equal(skipped.length, 0, `skips:\n${skipped.slice(0, 10).map(tell).join("\n")}`);
    assert.deepEqual(leftOut, [...leavesOut].sort(), "the profile leaves out something else than expected");
    assert.ok(passed.length > 600, "the suite has become too short to be believed");
  });
}

function tell({ name, message, exchange }: ConformanceCase): string {
  return `- ${name}: ${message}\n${exchange.slice(0, 4000)}`;
}
