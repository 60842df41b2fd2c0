import type { RepositoryName } from "../../oci/repository-name.js";

const maxScopes = 5;
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,300}$/;

/**
 * The scopes that a challenge may choose: opaque words of the registry, such as `aws` of ECR Public, and pulling from
 * the same repository below or above a prefix that a proxy adds or removes. A token for any other repository could open
 * a secret one of another registry that trusts the same token service.
 * @param scope of the challenge; several are separated by spaces (RFC 6749, "Access Token Scope")
 */
export function allowedScopes(scope: string | undefined, repository: RepositoryName): string[] {
  const scopes = (scope ?? "").split(/\s+/).filter((text) => scopePattern.test(text));
  const allowed = scopes.flatMap((text) => {
    if (isOpaque(text)) return [text];
    const [, name = ""] = /^repository(?:\([^)]*\))?:([^:]+(?::\d+\/[^:]+)?):/.exec(text) ?? [];
    return isSameBehindPrefix(name, repository) ? [`repository:${name}:pull`] : [];
  });
  return [...new Set(allowed)].slice(0, maxScopes);
}

/** Not of the form `type:name:actions`, so it names no repository (distribution's "Token Scope"). */
export function isOpaque(scope: string): boolean {
  return !scope.includes(":");
}

export function pullScope(repository: RepositoryName): string {
  return `repository:${repository}:pull`;
}

function isSameBehindPrefix(name: string, repository: RepositoryName): boolean {
  return name !== repository && name !== "" && (name.endsWith(`/${repository}`) || repository.endsWith(`/${name}`));
}
