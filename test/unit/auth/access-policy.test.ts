import assert from "node:assert/strict";
import test from "node:test";
import { AccessPolicy } from "../../../src/auth/access-policy.js";
import { Rule, type RuleSettings } from "../../../src/auth/rule.js";
import { ceilingOf } from "../../../src/auth/scope.js";
import { ceilingOfScopes } from "../../../src/auth/tokens/token-scope.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { type Action, anonymous, type Identity } from "../../../src/registry/access.js";

function user(name: string, groups: readonly string[] = [], ceiling?: Identity["ceiling"]): Identity {
  return { user: name, groups, credential: { kind: "password", id: "" }, ceiling };
}

function policy(...rules: readonly Partial<RuleSettings>[]): AccessPolicy {
  const complete = { allow: [], deny: [], to: ["everyone"], in: ["**"], audit: false };
  return new AccessPolicy(rules.map((rule, index) => new Rule({ ...complete, ...rule }, `access.rules[${index}]`)));
}

function may(rules: AccessPolicy, identity: Identity, action: Action, ...names: readonly string[]): boolean {
  const parsed = names.map(parseRepositoryName);
  const [asked = parseRepositoryName("x")] = parsed;
  return rules.decide(identity, action, { asked, names: parsed }).allowed;
}

test("what no rule allows is refused", () => {
  assert.equal(may(policy(), user("ann"), "pull", "team/app"), false);
  assert.equal(may(policy({ allow: ["pull"], in: ["team/*"] }), user("ann"), "pull", "other/app"), false);
});

test("allow rules add up, in any order", () => {
  const rules = policy({ allow: ["pull"], in: ["team/**"] }, { allow: ["push"], to: ["ann"], in: ["team/app"] });
  assert.equal(may(rules, user("ann"), "push", "team/app"), true);
  assert.equal(may(rules, user("ann"), "pull", "team/other"), true);
  assert.equal(may(rules, user("bob"), "push", "team/app"), false);
});

test("a deny overrides any allow, before or after it", () => {
  for (const order of [0, 1]) {
    const rules = [{ allow: ["pull", "delete"] }, { deny: ["delete"], in: ["prod/**"] }] as const;
    const ordered = order === 0 ? policy(...rules) : policy(...rules.toReversed());
    assert.equal(may(ordered, user("ann"), "delete", "prod/app"), false);
    assert.equal(may(ordered, user("ann"), "delete", "dev/app"), true);
  }
});

test("push includes pull, and nothing more", () => {
  const rules = policy({ allow: ["push"], to: ["ann"] });
  assert.equal(may(rules, user("ann"), "pull", "app"), true);
  for (const action of ["delete", "cache", "admin"] as const)
    assert.equal(may(rules, user("ann"), action, "app"), false);
});

test("a rule is for users, @groups, anonymous, authenticated or everyone", () => {
  const cases: readonly (readonly [string, readonly Identity[], readonly Identity[]])[] = [
    ["ann", [user("ann")], [user("bob"), anonymous, user("bob", ["ann"])]],
    ["@team", [user("bob", ["team"])], [user("team"), user("@team"), anonymous]],
    ["anonymous", [anonymous], [user("ann"), user("anonymous")]],
    ["authenticated", [user("ann")], [anonymous]],
    ["everyone", [user("ann"), anonymous], []],
  ];
  for (const [subject, allowed, refused] of cases) {
    const rules = policy({ allow: ["push"], to: [subject] });
    for (const each of allowed) assert.equal(may(rules, each, "push", "app"), true, `${subject}: ${each.user}`);
    for (const each of refused) assert.equal(may(rules, each, "push", "app"), false, `${subject}: ${each.user}`);
  }
});

test("the user placeholder in a pattern is the client's own name, and never more than one component", () => {
  const rules = policy({ allow: ["push"], to: ["authenticated"], in: ["home/$" + "{user}/**"] });
  assert.equal(may(rules, user("ann"), "push", "home/ann/app"), true);
  assert.equal(may(rules, user("ann"), "push", "home/bob/app"), false);
  for (const name of ["*", "**", "ann/..", "a/b", "", ".", "ann\nbob", "../x", "Ann"]) {
    assert.equal(may(rules, user(name), "push", "home/bob/app"), false, JSON.stringify(name));
  }
});

test("of a thousand rules, those for the repository and the user decide, the first one that allows or denies", () => {
  const others = Array.from({ length: 500 }, (_, index) => [
    { allow: ["pull"], to: [`user${index}`], in: [`team-${index}/*/app-*`, "shared/**"] } as const,
    { allow: ["push"], to: ["authenticated"], in: [`home-${index}/${"$"}{user}/**`] } as const,
  ]).flat();
  const rules = policy(...others, { allow: ["pull"], in: ["team-*/*/app-7"] }, { deny: ["pull"], in: ["**/app-13"] });
  const placeOf = (identity: Identity, action: Action, name: string) => {
    const asked = parseRepositoryName(name);
    const { allowed, rule } = rules.decide(identity, action, { asked, names: [asked] });
    return [allowed, rule?.place];
  };
  assert.deepEqual(placeOf(user("user7"), "pull", "team-7/x/app-1"), [true, "access.rules[14]"]);
  assert.deepEqual(placeOf(user("user8"), "pull", "team-7/x/app-1"), [false, undefined]);
  assert.deepEqual(placeOf(user("user8"), "pull", "team-7/x/app-7"), [true, "access.rules[1000]"]);
  assert.deepEqual(placeOf(user("user7"), "pull", "team-7/x/app-13"), [false, "access.rules[1001]"]);
  assert.deepEqual(placeOf(user("user8"), "pull", "shared/x"), [true, "access.rules[16]"]);
  assert.deepEqual(placeOf(user("ann"), "push", "home-9/ann/x"), [true, "access.rules[19]"]);
  assert.deepEqual(placeOf(user("ann"), "push", "home-9/bob/x"), [false, undefined]);
  assert.deepEqual(placeOf(anonymous, "push", "home-9/ann/x"), [false, undefined]);
});

test("a rule on either name of a cached repository applies to it", () => {
  const rules = policy({ allow: ["pull"] }, { deny: ["pull"], in: ["docker.io/library/secret"] });
  assert.equal(may(rules, user("ann"), "pull", "docker.io/library/secret", "library/secret"), false);
  assert.equal(
    may(policy({ allow: ["pull"], in: ["library/*"] }), user("ann"), "pull", "docker.io/library/a", "library/a"),
    true,
  );
});

test("a credential is limited to its scopes, whatever its user may do", () => {
  const rules = policy({ allow: ["pull", "push", "delete"] });
  const limited = user("ci", [], ceilingOfScopes(["push:team/*"]));
  assert.equal(may(rules, limited, "push", "team/app"), true);
  assert.equal(may(rules, limited, "pull", "team/app"), true);
  assert.equal(may(rules, limited, "delete", "team/app"), false);
  assert.equal(may(rules, limited, "push", "other/app"), false);
  const token = user("ci", [], ceilingOf([{ type: "repository", name: "team/app", actions: ["pull"] }]));
  assert.equal(may(rules, token, "pull", "team/app"), true);
  assert.equal(may(rules, token, "push", "team/app"), false);
});

test("everyone may pull what an anonymous client may, whatever their credentials are limited to, unless it is denied", () => {
  const limited = user("ci", [], ceilingOfScopes(["push:team/*"]));
  const token = user("ann", [], ceilingOf([{ type: "repository", name: "team/app", actions: ["pull"] }]));
  const anonymousToken = { ...anonymous, ceiling: ceilingOf([]) };
  for (const to of ["anonymous", "everyone"]) {
    const rules = policy({ allow: ["pull", "cache", "push"], to: [to], in: ["public/**"] });
    for (const identity of [user("ann"), limited, token, anonymousToken]) {
      for (const action of ["pull", "cache"] as const) assert.equal(may(rules, identity, action, "public/app"), true);
      assert.equal(may(rules, identity, "pull", "other/app"), false);
    }
    for (const identity of [limited, token]) assert.equal(may(rules, identity, "push", "public/app"), false);
    const withDeny = policy({ allow: ["pull"], to: [to] }, { deny: ["pull"], to: ["ci"], in: ["public/secret"] });
    assert.equal(may(withDeny, limited, "pull", "public/secret"), false);
    assert.equal(may(withDeny, limited, "pull", "public/app"), true);
  }
});

test("what is remembered for one client does not apply to another", () => {
  const rules = policy({ allow: ["pull"], to: ["@a b"] });
  assert.equal(may(rules, user("ann", ["a b"]), "pull", "app"), true);
  assert.equal(may(rules, user("ann", ["a", "b"]), "pull", "app"), false);
  assert.equal(may(rules, anonymous, "pull", "app"), false);
  assert.equal(may(rules, user("ann", ["a b"], ceilingOfScopes(["pull:other"])), "pull", "app"), false);
});

test("a rule on trial lets users pass and logs it; it never allows delete, admin or anonymous access", () => {
  const rules = policy({ allow: ["pull"], to: ["@team"], audit: true }, { deny: ["push"], to: ["bob"] });
  const names = { asked: parseRepositoryName("app"), names: [parseRepositoryName("app")] };
  assert.deepEqual(
    [rules.decide(user("ann"), "pull", names)].map(({ allowed, onTrial }) => ({ allowed, onTrial })),
    [{ allowed: true, onTrial: true }],
  );
  assert.equal(may(rules, user("ann"), "push", "app"), true);
  assert.equal(may(rules, user("bob"), "push", "app"), false);
  assert.equal(may(rules, anonymous, "pull", "app"), false);
  assert.equal(may(rules, user("ann"), "delete", "app"), false);
  assert.equal(may(rules, user("ann"), "admin", "app"), false);
});
