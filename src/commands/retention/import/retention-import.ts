import { readYamlFile } from "../../../config/yaml-file.js";
import { yamlValue } from "../../../config/yaml-value.js";
import { ExplainedError } from "../../../serving/explained-error.js";
import { importEcr } from "./ecr.js";
import { importHarbor } from "./harbor.js";
import { type ImportedPolicies, isMap } from "./imported-policies.js";
import { importZot } from "./zot.js";

export type OtherRegistry = "zot" | "harbor" | "ecr";

const wanted = {
  zot: "storage.retention of zot's configuration",
  harbor: "a retention policy or immutability rules of Harbor, as its API gives them",
  ecr: "a lifecycle policy of ECR",
} as const;

/** Prints the policies of another registry as settings of Berth. What has no equivalent becomes a comment. */
export async function importRetention(registry: OtherRegistry, file: string): Promise<void> {
  const { tree, problems } = await readYamlFile(file, process.cwd());
  if (problems.length > 0)
    throw new ExplainedError(problems.map(({ where, message }) => `${where}: ${message}`).join("\n"));
  const imported = policiesIn(registry, tree);
  if (imported === undefined) throw new ExplainedError(`${file} contains no ${wanted[registry]}`);
  process.stdout.write(asSettings(imported));
}

function policiesIn(registry: OtherRegistry, document: unknown): ImportedPolicies | undefined {
  if (registry === "harbor") return importHarbor(document);
  if (!isMap(document)) return undefined;
  if (registry === "zot") return importZot(document);
  // The AWS command line prints the policy as a text within its answer.
  const { lifecyclePolicyText } = document;
  const policy = typeof lifecyclePolicyText === "string" ? parsed(lifecyclePolicyText) : document;
  return isMap(policy) ? importEcr(policy) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function asSettings({ policies, remarks }: ImportedPolicies): string {
  const lines = [
    // What is quoted there may contain anything.
    ...remarks.map((remark) => `# ${remark.replaceAll(/\s+/g, " ")}`),
    "retention:",
    policies.length === 0 ? "  policies: []" : "  policies:",
    ...policies.map((policy) => `    - ${yamlValue(policy)}`),
  ];
  return `${lines.join("\n")}\n`;
}
