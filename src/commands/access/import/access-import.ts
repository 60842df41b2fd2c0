import { readYamlFile } from "../../../config/yaml-file.js";
import { yamlValue } from "../../../config/yaml-value.js";
import { ExplainedError } from "../../../serving/explained-error.js";
import { importDockerAuth } from "./docker-auth.js";
import { type ImportedAccess, isMap } from "./imported-rules.js";
import { findZotAccess, importZot } from "./zot.js";

/** Prints the access control of zot or docker_auth as Berth rules. What has no equivalent becomes a comment. */
export async function importAccess(file: string): Promise<void> {
  const { tree: document, problems } = await readYamlFile(file, process.cwd());
  if (problems.length > 0) {
    throw new ExplainedError(problems.map(({ where, message }) => `${where}: ${message}`).join("\n"));
  }
  if (!isMap(document)) throw new ExplainedError(`${file} is not a configuration of zot or docker_auth`);
  const zot = findZotAccess(document);
  if (zot !== undefined) return print(importZot(zot));
  if (Array.isArray(document.acl)) return print(importDockerAuth(document.acl));
  throw new ExplainedError(`${file} contains neither accessControl (zot) nor acl (docker_auth)`);
}

function print({ groups, rules, remarks }: ImportedAccess): void {
  const lines = [
    ...remarks.map((remark) => `# ${remark}`),
    "access:",
    ...(Object.keys(groups).length > 0 ? [`  groups: ${yamlValue(groups)}`] : []),
    rules.length === 0 ? "  rules: []" : "  rules:",
    ...rules.map((rule) => `    - ${yamlValue(rule)}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
