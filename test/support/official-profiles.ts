import { strict as assert } from "node:assert";
import type { TestContext } from "node:test";
import { type ConformanceCase, type ConformanceProfile, runConformanceSuite } from "./conformance-suite.js";
import type { Scope } from "./scope.js";

const sparseContent = ["Sparse Manifests"];
const newInDev = ["Blob upload cancel", "Manifest put with tag params", "Tag Param", "Tag Param sha512"];

export type OfficialProfile = ConformanceProfile & { readonly leavesOut: readonly string[] };

/**
 * Each profile, with what it may leave out: what the released specification does not have yet, or what is not tested.
 */
export const profiles: readonly OfficialProfile[] = [
  { version: "1.1", sparse: false, leavesOut: [...newInDev, ...sparseContent] },
  { version: "1.1", sparse: true, leavesOut: newInDev },
  { version: "dev", sparse: false, leavesOut: sparseContent },
  { version: "dev", sparse: true, leavesOut: [] },
];

/** What a registry must be configured with, so that the suite may push to it. */
export function settingsOf({ sparse }: OfficialProfile): Readonly<Record<string, unknown>> {
  return { sparse, repositories: ["conformance/**"] };
}

/** Runs the suite against a registry, and demands that it fails and skips nothing. */
export async function passOfficialSuite(
  { scope, t }: { readonly scope: Scope; readonly t: TestContext },
  host: string,
  profile: OfficialProfile,
): Promise<void> {
  const report = await runConformanceSuite(scope, host, profile);
  const { passed, failed, skipped, disabled, leftOut } = report;
  t.diagnostic(
    `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped, ${disabled.length} disabled` +
      ` (left out: ${leftOut.join(", ") || "nothing"})`,
  );
  assert.equal(failed.length, 0, `failures:\n${failed.slice(0, 10).map(tell).join("\n")}`);
  assert.equal(skipped.length, 0, `skips:\n${skipped.slice(0, 10).map(tell).join("\n")}`);
  assert.deepEqual(leftOut, [...profile.leavesOut].sort(), "the profile leaves out something else than expected");
  assert.ok(passed.length > 600, "the suite has become too short to be believed");
}

function tell({ name, message, exchange }: ConformanceCase): string {
  return `- ${name}: ${message}\n${exchange.slice(0, 4000)}`;
}
