import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { patternsOf } from "../../src/commands/retention/import/tag-expression.js";
import { tryCommand } from "../support/command.js";
import { configWith } from "../support/config.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** What is printed for a file: the policies, which must be valid settings, and the comments. */
async function imported(t: TestContext, registry: string, document: unknown) {
  const file = join(await new Scope(t).folder("import"), "policy.json");
  await writeFile(file, JSON.stringify(document));
  const { code, stdout, stderr } = await tryCommand(process.execPath, [main, "retention", "import", registry, file]);
  assert.deepEqual([code, stderr], [0, ""]);
  const settings = parse(stdout);
  configWith(settings);
  const remarks = stdout.split("\n").filter((line) => line.startsWith("# "));
  return { policies: settings.retention.policies, remarks };
}

test("retention import translates the policies of zot, and keeps more where it cannot", async (t) => {
  const { policies, remarks } = await imported(t, "zot", {
    storage: {
      rootDirectory: "/tmp/zot",
      retention: {
        delay: "24h",
        policies: [
          {
            repositories: ["infra/*", "prod/**"],
            deleteUntagged: false,
            keepTags: [{ patterns: ["^v2\\..*", ".*-prod$"] }, { patterns: ["^v3\\.\\d+$"], pulledWithin: "168h" }],
          },
          {
            repositories: ["tmp/**"],
            keepTags: [
              { mostRecentlyPushedCount: 10, pushedWithin: "720h" },
              { patterns: ["^x.*$"], mostRecentlyPulledCount: 5 },
            ],
          },
          { repositories: ["**"] },
        ],
      },
    },
  });
  assert.deepEqual(policies, [
    {
      name: "zot-1",
      repositories: ["infra/*", "prod/**"],
      keep: [{ tags: ["v2.*", "*-prod"] }, { tags: ["v3.*"], pulledWithin: "7d" }],
    },
    {
      name: "zot-2",
      repositories: ["tmp/**"],
      keep: [{ newest: 10, pushedWithin: "30d" }, { tags: ["x*"] }],
      untagged: { keepFor: "1d" },
    },
    { name: "zot-3", repositories: ["**"], keep: [{ tags: ["*"] }], untagged: { keepFor: "1d" } },
  ]);
  assert.equal(remarks.length, 3);
  assert.match(remarks.join("\n"), /\^v3\\\.\\d\+\$ became the pattern v3\.\*, which keeps more/);
  assert.match(remarks.join("\n"), /mostRecentlyPulledCount has no equivalent/);
  assert.match(remarks.join("\n"), /only the first policy that matches/);
});

test("retention import translates policies and immutability rules of Harbor", async (t) => {
  const scope = (pattern: string, decoration = "repoMatches") => ({
    scope_selectors: { repository: [{ kind: "doublestar", decoration, pattern }] },
  });
  const tags = (pattern: string, decoration = "matches") => ({
    tag_selectors: [{ kind: "doublestar", decoration, pattern, extras: '{"untagged":false}' }],
  });
  const { policies, remarks } = await imported(t, "harbor", {
    algorithm: "or",
    rules: [
      { template: "latestPushedK", params: { latestPushedK: 10 }, ...tags("**"), ...scope("**") },
      { template: "nDaysSinceLastPull", params: { nDaysSinceLastPull: 30 }, ...tags("{v*,rel-*}"), ...scope("**") },
      {
        template: "nDaysSinceLastPush",
        params: { nDaysSinceLastPush: 7 },
        ...tags("dev*", "excludes"),
        ...scope("{web,api}"),
      },
      { template: "latestPulledN", params: { latestPulledN: 5 }, ...tags("x"), ...scope("{web,api}") },
      { template: "always", ...tags("stable"), ...scope("legacy", "repoExcludes") },
      { disabled: true, template: "always", ...tags("**"), ...scope("**") },
    ],
  });
  assert.deepEqual(policies, [
    {
      name: "harbor-1",
      repositories: ["project/**"],
      keep: [{ tags: ["*"], newest: 10 }, { tags: ["v*", "rel-*"], pulledWithin: "30d" }, { tags: ["*"] }],
    },
    {
      name: "harbor-2",
      repositories: ["project/web", "project/api"],
      keep: [{ tags: ["*", "!dev*"], pushedWithin: "7d" }, { tags: ["x"] }],
    },
  ]);
  for (const words of [
    /replace project/,
    /latestPulledN has no equivalent/,
    /rules\[4\]: its repositories cannot be said/,
    /rules\[5\]: it is disabled/,
    /untagged artifacts/,
  ])
    assert.match(remarks.join("\n"), words);
  const immutable = await imported(t, "harbor", [
    { action: "immutable", template: "immutable_template", ...tags("v**"), ...scope("**") },
  ]);
  assert.deepEqual(immutable.policies, [{ name: "harbor-1", repositories: ["project/**"], immutable: ["v*"] }]);
});

test("retention import turns what expires at ECR into what is kept", async (t) => {
  const { policies, remarks } = await imported(t, "ecr", {
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: "tagged", tagPatternList: ["prod*"], countType: "imageCountMoreThan", countNumber: 5 },
        action: { type: "expire" },
      },
      {
        rulePriority: 2,
        selection: {
          tagStatus: "tagged",
          tagPrefixList: ["dev"],
          countType: "sinceImagePushed",
          countUnit: "days",
          countNumber: 14,
        },
        action: { type: "expire" },
      },
      {
        rulePriority: 3,
        selection: {
          tagStatus: "tagged",
          tagPatternList: ["a*", "b*"],
          countType: "imageCountMoreThan",
          countNumber: 1,
        },
        action: { type: "expire" },
      },
      {
        rulePriority: 4,
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 1 },
        action: { type: "expire" },
      },
      {
        rulePriority: 5,
        selection: { tagStatus: "any", countType: "sinceImageTransitioned", countNumber: 1 },
        action: { type: "transition" },
      },
    ],
  });
  assert.deepEqual(policies, [
    {
      name: "ecr",
      repositories: ["repository"],
      keep: [
        { tags: ["prod*"], newest: 5 },
        { tags: ["dev*"], pushedWithin: "14d" },
        { tags: ["*", "!prod*", "!dev*"] },
      ],
      untagged: { keepFor: "1d" },
    },
  ]);
  for (const words of [
    /rules\[2\]: it is about images that have tags of all its patterns/,
    /rules\[4\]: the action transition has no equivalent/,
  ])
    assert.match(remarks.join("\n"), words);
  const any = await imported(t, "ecr", {
    lifecyclePolicyText: JSON.stringify({
      rules: [
        {
          rulePriority: 1,
          selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 30 },
          action: { type: "expire" },
        },
      ],
    }),
  });
  assert.deepEqual(any.policies, [{ name: "ecr", repositories: ["repository"], keep: [{ tags: ["*"], newest: 30 }] }]);
});

test("a file without policies is refused, and what a remark quotes cannot become a setting", async (t) => {
  const folder = await new Scope(t).folder("import");
  const file = join(folder, "policy.json");
  for (const [registry, content] of [
    ["zot", "{}"],
    ["harbor", "[]"],
    ["ecr", '{ "lifecyclePolicyText": "{" }'],
    ["zot", "nonsense"],
  ] as const) {
    await writeFile(file, content);
    const { code, stdout, stderr } = await tryCommand(process.execPath, [main, "retention", "import", registry, file]);
    assert.deepEqual([code, stdout], [1, ""], content);
    assert.match(stderr, /contains no /);
  }
  const hostile = {
    rules: [
      {
        selection: { tagStatus: "any", countType: "x\nretention: { every: null }\n", countNumber: 1 },
        action: { type: "expire" },
      },
    ],
  };
  assert.deepEqual((await imported(t, "ecr", hostile)).policies[0].keep, [{ tags: ["*"] }]);
});

test("a pattern matches at least what a regular expression does", () => {
  for (const [expression, patterns] of [
    ["^v1\\.0$", ["v1.0"]],
    ["latest", ["*latest*"]],
    ["^(a|b)c$", ["*c"]],
    ["^a|b$", ["a*", "*b"]],
    ["^v\\d{1,3}$", ["v*"]],
    ["^ab*c$", ["a*c"]],
    ["^[a-z|]+$", ["*"]],
    ["", ["*"]],
    ["^(?:x+?)y$", ["*y"]],
  ] as const)
    assert.deepEqual(
      patternsOf(expression).map(({ pattern }) => pattern),
      patterns,
      expression,
    );
});
