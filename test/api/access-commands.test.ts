import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { tryCommand } from "../support/command.js";
import { basic, htpasswdLines } from "../support/guarded-berth.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A folder with a berth.yml, in which commands are run as their manual says. */
async function place(t: TestContext, access: object) {
  const scope = new Scope(t);
  const cwd = await scope.folder("server");
  const htpasswd = join(cwd, "htpasswd");
  await writeFile(htpasswd, `# people\nbroken line\n${await htpasswdLines({ bob: "bob" })}`);
  const root = join(cwd, "data");
  const settings = { storage: { filesystem: { root } }, access: { users: { htpasswd }, ...access } };
  await writeFile(join(cwd, "berth.yml"), JSON.stringify(settings));
  const berth = (args: readonly string[], input = "") => tryCommand(process.execPath, [main, ...args], { cwd, input });
  const serve = () => runBerth(scope, { root, access: settings.access } as Parameters<typeof runBerth>[1]);
  return { cwd, htpasswd, berth, serve };
}

test("berth user adds a user, changes a password and removes a user, and leaves all other lines alone", async (t) => {
  const { htpasswd, berth, serve } = await place(t, {});
  const { client } = await serve();
  const isLoggedIn = async (user: string, password: string, expected: boolean) =>
    waitUntil(`${user} ${expected ? "logs in" : "is refused"}`, async () => {
      const { status } = await client.get("/v2/", basic(user, password));
      return (status === 200) === expected ? true : undefined;
    });
  assert.match((await berth(["user", "add", "ann"], "secret\n")).stdout, /^ann was added to /);
  await isLoggedIn("ann", "secret", true);
  assert.match((await berth(["user", "add", "ann"], "other\nsecond line\n")).stdout, /^ann has a new password in /);
  await isLoggedIn("ann", "other", true);
  await isLoggedIn("ann", "secret", false);
  const removed = await berth(["user", "rm", "ann"]);
  assert.match(removed.stdout, /^ann was removed from /);
  assert.match(removed.stderr, /access tokens.*stay valid.*berth token rm/);
  await isLoggedIn("ann", "other", false);
  await isLoggedIn("bob", "bob", true);
  assert.match(await readFile(htpasswd, "utf8"), /^# people\nbroken line\nbob:\$2b\$.*\n$/);
  const again = await berth(["user", "rm", "ann"]);
  assert.deepEqual([again.code, again.stdout], [1, ""]);
  assert.match(again.stderr, /has no user ann/);
});

test("berth user add makes a file that only its owner reads, and takes no password that would not be checked whole", async (t) => {
  const { cwd, berth } = await place(t, {});
  const file = join(cwd, "new");
  assert.equal((await berth(["user", "add", "ann", "--file", file], "secret\n")).code, 0);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match(await readFile(file, "utf8"), /^ann:\$2y\$10\$\S{53}\n$/);
  for (const [user, password] of [
    ["ann", ""],
    ["ann", "a".repeat(73)],
    ["ann", "a\u0007b"],
    ["../x", "secret"],
    ["a:b", "secret"],
    ["everyone", "secret"],
  ] as const) {
    const { code, stderr } = await berth(["user", "add", user, "--file", file], `${password}\n`);
    assert.equal(code, 1, user);
    assert.doesNotMatch(stderr, /secret|aaaa/);
  }
  assert.match(await readFile(file, "utf8"), /^ann:\S+\n$/);
});

test("berth token creates, lists and revokes what a client logs in with", async (t) => {
  const { berth, serve } = await place(t, {});
  const { client } = await serve();
  const created = await berth(["token", "create", "--user", "ci", "--scope", "push:team/*", "--expires", "90d"]);
  const token = created.stdout.trim();
  assert.equal(created.stdout, `${token}\n`);
  const upload = (name: string) =>
    client.request("POST", `/v2/${name}/blobs/uploads/`, { headers: basic("ci", token) });
  assert.equal((await upload("team/app")).status, 202);
  assert.equal((await upload("other/app")).status, 403);
  const listed = await berth(["token", "ls", "--json"]);
  const [entry] = JSON.parse(listed.stdout);
  assert.deepEqual([entry.user, entry.scopes], ["ci", ["push:team/*"]]);
  assert.ok(Date.parse(entry.expires) > Date.now() + 89 * 86_400_000);
  const secret = token.slice(-20);
  for (const shown of [listed.stdout, (await berth(["token", "ls"])).stdout]) assert.ok(!shown.includes(secret));
  // By the token itself, for whoever finds one that leaked.
  assert.equal((await berth(["token", "rm", token])).stdout, `revoked: ${entry.id}\n`);
  await waitUntil("it is refused", async () => ((await upload("team/app")).status === 401 ? true : undefined));
  const again = await berth(["token", "rm", entry.id]);
  assert.deepEqual([again.code, again.stderr], [1, `berth: there is no token ${entry.id}\n`]);
  for (const wrong of [
    ["--scope", "fly:team/*"],
    ["--scope", "push"],
    ["--expires", "soon"],
  ]) {
    assert.equal((await berth(["token", "create", "--user", "ci", ...wrong])).code, 1, wrong.join(" "));
  }
});

test("berth token create says when nothing asks for the token, and prints it nevertheless", async (t) => {
  const { cwd, berth } = await place(t, {});
  const create = () => berth(["token", "create", "--user", "ci"]);
  assert.doesNotMatch((await create()).stderr, /access control/);
  const storage = { filesystem: { root: join(cwd, "data") } };
  for (const settings of [{ storage }, { storage, access: "open" }]) {
    await writeFile(join(cwd, "berth.yml"), JSON.stringify(settings));
    const { code, stdout, stderr } = await create();
    assert.equal(code, 0);
    assert.match(stdout, /^berth_\S+\n$/);
    assert.match(stderr, /^note: this registry has no access control, so it asks for no token; .* set access/m);
  }
});

test("berth access check says whether an action is allowed, and which rule decides", async (t) => {
  const { berth } = await place(t, {
    groups: { platform: ["ann"] },
    rules: [
      { allow: "push", to: "@platform", in: "team/**" },
      { allow: "pull", to: "anonymous", in: "public/**" },
      { deny: "push", to: "everyone", in: "team/release" },
    ],
  });
  for (const [user, action, name, code, said] of [
    ["ann", "push", "team/app", 0, /access\.rules\[0\] allows it/],
    ["ann", "push", "team/release", 1, /access\.rules\[2\] denies it/],
    ["bob", "push", "team/app", 1, /no rule allows push here/],
    ["anonymous", "pull", "public/app", 0, /access\.rules\[1\] allows it/],
    ["bob", "pull", "public/app", 0, /access\.rules\[1\] allows it/],
    ["ann", "fly", "team/app", 1, /the action must be one of pull, push/],
    ["ann", "pull", "Team/App", 1, /name/],
  ] as const) {
    const answer = await berth(["access", "check", user, action, name]);
    assert.equal(answer.code, code, `${user} ${action} ${name}`);
    assert.match(code === 0 ? answer.stdout : answer.stderr, said);
  }
  assert.equal((await berth(["access", "check", "bob", "push", "team/app", "--group", "platform"])).code, 0);
});

/** What becomes of another program's file, as rules that Berth itself takes. */
async function imported(t: TestContext, name: string, content: string) {
  const { cwd, berth } = await place(t, {});
  await writeFile(join(cwd, name), content);
  const { code, stdout, stderr } = await berth(["access", "import", name]);
  assert.equal(code, 0, stderr);
  await writeFile(join(cwd, "imported.yml"), stdout);
  const check = await berth(["config", "check", "imported.yml"]);
  assert.equal(check.code, 0, check.stderr);
  return { ...parse(stdout).access, remarks: stdout.split("\n").filter((line) => line.startsWith("#")) };
}

test("berth access import translates zot's accessControl, and says what has no equivalent", async (t) => {
  const accessControl = {
    groups: { platform: { users: ["ann", "bob"] } },
    repositories: {
      "**": { anonymousPolicy: ["read"], defaultPolicy: ["read"] },
      "team/**": {
        policies: [
          { groups: ["platform"], actions: ["read", "create", "update"] },
          { users: ["eve"], actions: ["read"], conditions: [{ expression: "true" }] },
        ],
      },
    },
    adminPolicy: { users: ["root"], actions: ["read", "create", "update", "delete"] },
  };
  const { groups, rules, remarks } = await imported(t, "zot.json", JSON.stringify({ http: { accessControl } }));
  assert.deepEqual(groups, { platform: ["ann", "bob"] });
  assert.deepEqual(rules, [
    { allow: ["pull"], to: ["authenticated"], in: ["**"] },
    { allow: ["pull"], to: ["anonymous"], in: ["**"] },
    { allow: ["pull", "push"], to: ["@platform"], in: ["team/**"] },
    { allow: ["pull", "push", "delete"], to: ["root"], in: ["**"] },
  ]);
  assert.match(
    remarks.join("\n"),
    /conditions have no equivalent[\s\S]*also apply to team\/\*\* where zot ignores them/,
  );
});

test("berth access import translates docker_auth's acl, and never allows what an entry before refused", async (t) => {
  const acl = [
    { match: { account: "", name: "secret/*" }, actions: [] },
    { match: { account: "admin" }, actions: ["*"] },
    { match: { account: "/^ci-/", name: "team/*" }, actions: ["push"] },
    { match: { name: "internal/*" }, actions: [] },
    { match: { account: "?*", name: "$" + "{account}/*" }, actions: ["pull", "push"] },
    { match: { account: "", name: "*", ip: "192.0.2.0/24" }, actions: ["pull"] },
    { match: { name: "*" }, actions: ["pull"] },
    { match: { name: "*" }, actions: [] },
  ];
  const { rules, remarks } = await imported(t, "acl.yml", JSON.stringify({ acl }));
  assert.deepEqual(rules, [
    { deny: ["pull", "push", "delete", "cache"], to: ["anonymous"], in: ["secret/*"] },
    { allow: ["pull", "push", "delete", "cache"], to: ["admin"], in: ["**"] },
    { deny: ["pull", "push", "delete", "cache"], to: ["everyone"], in: ["internal/*"] },
    { allow: ["pull", "push"], to: ["authenticated"], in: ["$" + "{user}/*"] },
    { allow: ["pull"], to: ["everyone"], in: ["**"] },
  ]);
  const said = remarks.join("\n");
  assert.match(said, /acl\[3\]: .*entries before it/);
  assert.match(said, /acl\[2\]: left out: the expression/);
  assert.match(said, /acl\[5\]: left out: match\.ip has no equivalent/);
});
