import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { tryCommand } from "./command.js";
import type { Scope } from "./scope.js";

/** What the suite tests. */
export interface ConformanceProfile {
  /** The version of the specification: a released one, or `dev` for the next. */
  readonly version: "1.1" | "dev";
  /** Whether manifests that reference missing content must be accepted. */
  readonly sparse: boolean;
  /** Whether pushed content stays: the suite then tests no deletion. */
  readonly keepsContent?: boolean;
  /** The user who logs in; by default no one. */
  readonly login?: { readonly user: string; readonly password: string };
}

/** Settings of the suite under which nothing is deleted. */
export const noDeletion = {
  OCI_API_TAGS_DELETE: "false",
  OCI_API_MANIFESTS_DELETE: "false",
  OCI_API_BLOBS_DELETE: "false",
};

/** One test of the suite, with its output if it did not pass. */
export interface ConformanceCase {
  readonly name: string;
  readonly message: string;
  /** The requests and responses. */
  readonly exchange: string;
}

export interface ConformanceReport {
  readonly passed: readonly ConformanceCase[];
  readonly failed: readonly ConformanceCase[];
  /** The registry lacks something, and the suite used something else instead. */
  readonly skipped: readonly ConformanceCase[];
  /** Disabled by the profile, so never sent. */
  readonly disabled: readonly ConformanceCase[];
  /** Names of APIs and kinds of content that the profile leaves out, from the suite's own summary. */
  readonly leftOut: readonly string[];
}

/**
 * Runs the official suite against a registry. Its exit code says too little, so its reports are read; no reports, no
 * result.
 */
export async function runConformanceSuite(
  scope: Scope,
  host: string,
  profile: ConformanceProfile,
): Promise<ConformanceReport> {
  const cwd = await scope.folder("conformance");
  const env = {
    OCI_REGISTRY: host,
    OCI_TLS: "disabled",
    OCI_VERSION: profile.version,
    OCI_DATA_SPARSE: String(profile.sparse),
    ...(profile.keepsContent && noDeletion),
    ...(profile.login && { OCI_USERNAME: profile.login.user, OCI_PASSWORD: profile.login.password }),
  };
  const { stdout, stderr } = await tryCommand("conformance", [], { cwd, env });
  try {
    const cases = parseCases(await readFile(join(cwd, "results/junit.xml"), "utf8"));
    const { apis, data } = parse(await readFile(join(cwd, "results/results.yaml"), "utf8"));
    return { ...sortByOutcome(cases), leftOut: namesWith("Disabled", { ...apis, ...data }) };
  } catch (cause) {
    throw new Error(`the suite left no results behind:\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`, { cause });
  }
}

interface Outcome extends ConformanceCase {
  readonly status: string;
}

function parseCases(junit: string): Outcome[] {
  const cases = junit.split("<testcase ").slice(1);
  if (cases.length === 0) throw new Error("junit.xml has no test case");
  return cases.map((text) => ({
    name: attribute(text, "name"),
    status: attribute(text, "status"),
    message: element(text, "system-out"),
    exchange: element(text, "system-err"),
  }));
}

/** JUnit has no disabled tests: the suite writes them as skipped, with a note in place of an exchange. */
function sortByOutcome(cases: readonly Outcome[]): Omit<ConformanceReport, "leftOut"> {
  const passed = cases.filter(({ status }) => status === "passed");
  const notRun = cases.filter(({ status }) => status === "skipped");
  const disabled = notRun.filter(({ exchange }) => exchange.includes("is disabled in the configuration"));
  const skipped = notRun.filter((test) => !disabled.includes(test));
  const failed = cases.filter((test) => !passed.includes(test) && !notRun.includes(test));
  return { passed, failed, skipped, disabled };
}

function namesWith(status: string, summary: Record<string, string>): string[] {
  return Object.entries(summary)
    .filter((entry) => entry[1] === status)
    .map(([name]) => name)
    .sort();
}

function attribute(text: string, name: string): string {
  return unescapeXml(new RegExp(`${name}="([^"]*)"`).exec(text)?.[1] ?? "");
}

function element(text: string, name: string): string {
  return unescapeXml(new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "");
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9A-F]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
