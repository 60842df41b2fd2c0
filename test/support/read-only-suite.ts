import type { Digest } from "../../src/oci/digest.js";
import { tryCommand } from "./command.js";
import { noDeletion } from "./conformance-suite.js";
import type { Scope } from "./scope.js";

/** The content that the suite needs to know because it did not push it: tags, and digests of the rest. */
export interface ReadOnlyContent {
  readonly tags: readonly string[];
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** Manifests with referrers. */
  readonly subjects: readonly string[];
}

/** Who logs in. */
export interface ReadOnlyLogin {
  readonly user: string;
  readonly password: string;
}

/** Names of tests, each as often as it ran, with the suite's output for those that did not pass. */
export interface ReadOnlyReport {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  /** Disabled by the profile, so never sent. */
  readonly disabled: readonly string[];
}

const outcomes = { passed: "passing test", failed: "failed test", skipped: "skipping test" };

/**
 * Runs the official suite against a registry that does not accept pushes. Its log is read, since in this profile it
 * panics over its reports when all tests are over; its own count must be the same.
 */
export async function runReadOnlySuite(
  scope: Scope,
  host: string,
  content: ReadOnlyContent,
  login?: ReadOnlyLogin,
): Promise<ReadOnlyReport> {
  const cwd = await scope.folder("conformance");
  const env = {
    ...noDeletion,
    OCI_REGISTRY: host,
    OCI_TLS: "disabled",
    OCI_VERSION: "dev",
    OCI_LOG: "info",
    ...(login && { OCI_USERNAME: login.user, OCI_PASSWORD: login.password }),
    OCI_API_PUSH: "false",
    // It looks for this header only if it knows the manifest's bytes, and it does not.
    OCI_API_MANIFESTS_DIGEST_HEADER: "false",
    OCI_RO_DATA_TAGS: content.tags.join(" "),
    OCI_RO_DATA_MANIFESTS: content.manifests.join(" "),
    OCI_RO_DATA_BLOBS: content.blobs.join(" "),
    OCI_RO_DATA_REFERRERS: content.subjects.join(" "),
  };
  const { stdout, stderr } = await tryCommand("conformance", [], { cwd, env });
  const lines = stderr.split("\n");
  const said = (text: string) => lines.filter((line) => line.includes(`msg="${text}"`)).map(tell);
  const notRun = said(outcomes.skipped);
  const disabled = notRun.filter((line) => line.includes("is disabled in the configuration"));
  const skipped = notRun.filter((line) => !disabled.includes(line));
  const report = { passed: said(outcomes.passed), failed: said(outcomes.failed), skipped, disabled };
  const total = Number(/Total\.*: +(\d+)/.exec(stdout)?.[1]);
  const seen = Object.values(report).flat().length;
  if (total !== seen) throw new Error(`the suite counts ${total} tests, its log has ${seen}:\n${stdout.slice(-2000)}`);
  return report;
}

/** Of a log line: the name, and the reason if there is one. */
function tell(line: string): string {
  return line.slice(line.indexOf("name=")).replace("OCI Conformance Test/", "");
}
