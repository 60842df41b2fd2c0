/** The registry's settings for a service that issues identity tokens to its jobs. */
interface CiIssuer {
  readonly name: string;
  readonly issuer: string;
  /** Where to find the id in the claims. */
  readonly hint: string;
  readonly claims: string;
  readonly user: string;
}

/** A job on the main branch of a repository of one owner. */
export const github: CiIssuer = {
  name: "github",
  issuer: "https://token.actions.githubusercontent.com",
  hint: "the id in https://api.github.com/users/OWNER",
  claims: "{ repository_owner_id: 1234, ref: refs/heads/main }",
  user: "$" + "{repository}",
};

/** A job on a protected branch of one project. */
export const gitlab: CiIssuer = {
  name: "gitlab",
  issuer: "https://gitlab.com",
  hint: "the project's id, from its overview; issuer is the address of your GitLab",
  claims: '{ project_id: 1234, ref_protected: "true" }',
  user: "$" + "{project_path}",
};

/** Its jobs may push below team/, and only there. */
export function issuerSettings({ name, issuer, hint, claims, user }: CiIssuer): string[] {
  return [
    "access:",
    "  issuers:",
    `    - name: ${name}`,
    `      issuer: ${issuer}`,
    "      audience: berth",
    "      identities:",
    `        # ${hint}`,
    `        - claims: ${claims}`,
    `          user: "${user}"`,
    `          groups: [${name}-jobs]`,
    '          scopes: ["push:team/**"]',
    "  # Needed where access.rules are set:",
    `  #  - { allow: push, to: "@${name}-jobs", in: "team/**" }`,
  ];
}
