import assert from "node:assert/strict";
import test from "node:test";
import { parseHtpasswd, userNameProblem } from "../../../src/auth/passwords/htpasswd.js";

const hash = "$2y$10$lgrpv2o7T7lepXB6h67JD.xFsNjxxvx5nYBnAHksZA1bxZTsjXoRu";

test("bcrypt hashes with all prefixes are accepted, comments and empty lines skipped", () => {
  const [y, b, a] = ["y", "b", "a"].map((name) => hash.replace("$2y$", `$2${name}$`));
  const { hashes, problems } = parseHtpasswd(`# team\nann:${y}\r\n\nbob:${b}\ncid:${a}\n`);
  assert.deepEqual(
    [...hashes],
    [
      ["ann", y],
      ["bob", b],
      ["cid", a],
    ],
  );
  assert.deepEqual(problems, []);
});

test("an invalid line is reported with its number, and locks out no one else", () => {
  const lines = [
    "md5:$apr1$x$y",
    "no colon",
    `ann:${hash}`,
    `slow:${hash.replace("$10$", "$31$")}`,
    `ann:${hash}`,
    `:${hash}`,
  ];
  const { hashes, problems } = parseHtpasswd(lines.join("\n"));
  assert.deepEqual([...hashes.keys()], ["ann"]);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 2, 4, 5, 6],
  );
  assert.match(problems[0]?.message ?? "", /htpasswd -nB md5/);
});

test("a user name cannot be a rule word, a group, a path or a log line", () => {
  for (const name of [
    "anonymous",
    "authenticated",
    "everyone",
    "@team",
    "../x",
    "a:b",
    "a\nb",
    "a/b",
    "*",
    "",
    "a".repeat(129),
  ]) {
    assert.notEqual(userNameProblem(name), undefined, JSON.stringify(name));
  }
  for (const name of ["ann", "Ann.B", "ci-bot", "ann@example.com", "a"]) assert.equal(userNameProblem(name), undefined);
});
