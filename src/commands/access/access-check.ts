import type { Decision } from "../../auth/access-policy.js";
import type { AccessConfig } from "../../config/access-schema.js";
import { loadConfig } from "../../config/load.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import { type Action, actions, anonymous, type Identity } from "../../registry/access.js";
import { policyOf } from "../../serving/access/create-access-control.js";
import { repositoryNamesOf } from "../../serving/access/repository-names.js";
import { ExplainedError } from "../../serving/explained-error.js";

interface Question {
  readonly user: string;
  readonly action: string;
  readonly repository: string;
}

/** Says whether the access rules allow an action, and which rule decides. @throws ExplainedError if they do not */
export async function checkAccess(question: Question, options: { group?: string[]; config?: string }): Promise<void> {
  const { config } = await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  const action = actions.find((each) => each === question.action);
  if (action === undefined) throw new ExplainedError(`the action must be one of ${actions.join(", ")}`);
  const { access } = config;
  const asked = `${question.user} may ${action} ${question.repository}`;
  if (access === undefined || access.open) {
    process.stdout.write(`${asked}: there is no access control, so everyone may do everything\n`);
    return;
  }
  const name = parseRepositoryName(question.repository);
  const identity = identityOf(question.user, options.group ?? [], access);
  const names = repositoryNamesOf(config).namesOf(name);
  const decision = policyOf(access).decide(identity, action, { asked: name, names });
  if (!decision.allowed)
    throw new ExplainedError(`${question.user} may not ${action} ${name}: ${reasonOf(decision, action)}`);
  process.stdout.write(`${asked}: ${reasonOf(decision, action)}\n`);
}

function identityOf(user: string, groups: readonly string[], access: AccessConfig): Identity {
  if (user === "anonymous") return anonymous;
  const own = Object.entries(access.groups)
    .filter(([, members]) => members.includes(user))
    .map(([group]) => group);
  return { user, groups: [...own, ...groups], credential: anonymous.credential };
}

function reasonOf({ rule, allowed, onTrial }: Decision, action: Action): string {
  if (rule === undefined) return `no rule allows ${action} here`;
  if (onTrial) return `no rule allows it, but ${rule.place} is on trial (audit: true)`;
  const verb = allowed ? "allows" : "denies";
  const { settings } = rule;
  return `${rule.place} ${verb} it (to: ${settings.to.join(", ")}; in: ${settings.in.join(", ")})`;
}
