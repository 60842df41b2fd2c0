import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { AccessTokens } from "../../src/auth/tokens/access-tokens.js";
import { ConfigError } from "../../src/config/problem.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const rules = [{ allow: "pull, push, delete", to: "authenticated", in: "**" }] as const;

/** As much as a pipe of Linux holds. */
const pipeBytes = 64 * 1024;

type Line = Readonly<Record<string, unknown>>;

async function linesOf(file: string): Promise<Line[]> {
  const text = await readFile(file, "utf8");
  assert.ok(text === "" || text.endsWith("\n"));
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function runAudited(scope: Scope, whenFull: "log" | "refuse" = "refuse", given?: string) {
  const file = given ?? join(await scope.folder("audit"), "audit.jsonl");
  return { file, ...(await runGuardedBerth(scope, { rules, challenge: "bearer", audit: { file, whenFull } })) };
}

test("the trail records who pushed, which tag moved from where to where, and what was deleted", async (t) => {
  const { client, file } = await runAudited(new Scope(t));
  const ann = client.with(basic("ann"));
  const first = await pushSmallImage(ann, "team/app", "one", { tag: "v1" });
  const second = await pushSmallImage(client.with(basic("bob")), "team/app", "two", { tag: "v1" });
  await ann.request("DELETE", "/v2/team/app/manifests/v1");
  await pushSmallImage(ann, "team/app", "two", { tag: "v2" });
  await ann.request("DELETE", `/v2/team/app/manifests/${second.descriptor.digest}`);
  const lines = await linesOf(file);
  const [from, to] = [first.descriptor.digest, second.descriptor.digest];
  assert.deepEqual(
    lines.map(({ event, user, digest, tag, from, to }) => [event, user, digest ?? tag, from, to]),
    [
      ["manifest pushed", "ann", from, undefined, undefined],
      ["tag moved", "ann", "v1", undefined, from],
      ["manifest pushed", "bob", to, undefined, undefined],
      ["tag moved", "bob", "v1", from, to],
      ["tag deleted", "ann", "v1", to, undefined],
      ["manifest pushed", "ann", to, undefined, undefined],
      ["tag moved", "ann", "v2", undefined, to],
      ["manifest deleted", "ann", to, undefined, undefined],
      ["tag deleted", "ann", "v2", to, undefined],
    ],
  );
  for (const { type, repository, address, time, credential } of lines) {
    assert.deepEqual([type, repository, address], ["audit", "team/app", "127.0.0.1"]);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal((credential as Line).kind, "password");
  }
});

test("the trail records credentials and failed logins, but no secrets", async (t) => {
  const { client, file, storage } = await runAudited(new Scope(t));
  const password = await new AccessTokens(storage.accessTokens).create({ user: "ci", scopes: [] });
  const [record] = await storage.accessTokens.list();
  await pushSmallImage(client.with(basic("ci", password)), "team/app", "one", { tag: "v1" });
  const answer = await client.get("/v2/_berth/token?scope=repository:team/app:pull,push", basic("ci", password));
  const { token } = JSON.parse(answer.body.toString());
  await pushSmallImage(client.with(bearer(token)), "team/app", "two", { tag: "v1" });
  await client.get("/v2/", basic("ann", "hush-hush"));
  await client.get("/v2/", basic("a\u2028\u001b[31m", "hush-hush"));
  await client.get("/v2/", basic("nob\u00e9dy", "hush-hush"));
  await client.get("/v2/", bearer("a.b.hush"));
  const form = new URLSearchParams({ grant_type: "password", username: "ann", password: "hush-hush" }).toString();
  await client.request("POST", "/v2/_berth/token", { body: form });
  const text = await readFile(file, "utf8");
  assert.doesNotMatch(text, /hush/);
  assert.ok(!text.includes(password) && !text.includes(token));
  assert.match(text, /^[\x20-\x7e\n]*$/);
  const lines = await linesOf(file);
  const pushes = lines.filter(({ event }) => event === "manifest pushed");
  for (const { credential } of pushes) assert.deepEqual(credential, { kind: "access token", id: record?.id });
  const failures = lines.filter(({ event }) => event === "login failed");
  assert.deepEqual(
    failures.map(({ user }) => user),
    ["ann", null, "nob\u00e9dy", null, "ann"],
  );
});

test("the trail records who signed in to the page and out of it, and which token was made and revoked by whom", async (t) => {
  const scope = new Scope(t);
  const file = join(await scope.folder("audit"), "audit.jsonl");
  const admins = [{ allow: "admin", to: "bob" }] as const;
  const { client } = await runGuardedBerth(scope, {
    rules: [...rules, ...admins],
    audit: { file, whenFull: "refuse" },
  });
  const form = (user: string, password: string) => ({
    body: JSON.stringify({ user, password }),
    headers: { "content-type": "application/json" },
  });
  assert.equal((await client.request("POST", "/ui/session", form("ann", "wrong"))).status, 401);
  const signedIn = await client.request("POST", "/ui/session", form("ann", "ann"));
  const cookie = (signedIn.headers["set-cookie"] ?? "").split(";")[0] ?? "";
  const make = { body: "{}", headers: { ...basic("ann"), "content-type": "application/json" } };
  const ids = [];
  for (let count = 0; count < 2; count++)
    ids.push(JSON.parse((await client.request("POST", "/v2/_berth/tokens", make)).body.toString()).id);
  await client.request("DELETE", `/v2/_berth/tokens/${ids[0]}`, { headers: basic("ann") });
  await client.request("DELETE", `/v2/_berth/tokens/${ids[1]}`, { headers: basic("bob") });
  assert.equal((await client.request("DELETE", "/ui/session", { headers: { cookie } })).status, 204);
  const lines = await linesOf(file);
  assert.deepEqual(
    lines.map(({ event, user, token, owner }) => [event, user, token, owner]),
    [
      ["login failed", "ann", undefined, undefined],
      ["signed in", "ann", undefined, undefined],
      ["token created", "ann", ids[0], "ann"],
      ["token created", "ann", ids[1], "ann"],
      ["token revoked", "ann", ids[0], "ann"],
      ["token revoked", "bob", ids[1], "ann"],
      ["signed out", "ann", undefined, undefined],
    ],
  );
});

test("deletions by the page are in the trail, as those of any client", async (t) => {
  const { client, file } = await runAudited(new Scope(t));
  const { descriptor } = await pushSmallImage(client.with(basic("ann")), "team/app", "one", { tag: "v1" });
  const headers = { ...basic("bob"), "content-type": "application/json" };
  const body = JSON.stringify({ repository: "team/app", everything: true });
  assert.equal((await client.request("POST", "/v2/_berth/deletions", { body, headers })).status, 200);
  const gone = (await linesOf(file)).filter(({ event }) => String(event).endsWith("deleted"));
  assert.deepEqual(
    gone.map(({ event, user, repository, digest, tag }) => [event, user, repository, digest ?? tag]),
    [
      ["tag deleted", "bob", "team/app", "v1"],
      ["manifest deleted", "bob", "team/app", descriptor.digest],
    ],
  );
});

test("a token that cannot be recorded is answered with 503, and whoever signs in is let in", async (t) => {
  const { client } = await runAudited(new Scope(t), "refuse", "/dev/full");
  const headers = { ...basic("ann"), "content-type": "application/json" };
  assert.equal((await client.request("POST", "/v2/_berth/tokens", { body: "{}", headers })).status, 503);
  const body = JSON.stringify({ user: "ann", password: "ann" });
  assert.equal((await client.request("POST", "/ui/session", { body, headers })).status, 204);
});

test("the trail records what was denied to whom, but not that a client without a login had to log in", async (t) => {
  const scope = new Scope(t);
  const file = join(await scope.folder("audit"), "audit.jsonl");
  const own = [{ allow: "pull, push", to: "ann", in: "team/**" }] as const;
  const { client } = await runGuardedBerth(scope, { rules: own, challenge: "bearer", audit: { file } });
  assert.equal((await client.get("/v2/team/app/tags/list")).status, 401);
  assert.equal((await client.get("/v2/team/app/tags/list", basic("bob"))).status, 403);
  assert.equal((await client.request("DELETE", "/v2/team/app/manifests/v1", { headers: basic("ann") })).status, 403);
  const denials = await waitUntil("both denials are recorded", async () => {
    const lines = await linesOf(file);
    return lines.length === 2 ? lines : undefined;
  });
  assert.deepEqual(
    denials.map(({ event, user, method, path }) => [event, user, method, path]),
    [
      ["access denied", "bob", "GET", "/v2/team/app/tags/list"],
      ["access denied", "ann", "DELETE", "/v2/team/app/manifests/v1"],
    ],
  );
  assert.match(String(denials[0]?.reason), /bob may not pull from team\/app/);
});

test("a push whose line cannot be written fails, the next one changes nothing, and reads are served", async (t) => {
  const scope = new Scope(t);
  const { client, log } = await runAudited(scope, "refuse", "/dev/full");
  const ann = client.with(basic("ann"));
  const push = (tag: string) => pushManifestOf(ann, tag);
  const refused = await push("v1");
  assert.deepEqual([refused.status, errorCodeOf(refused)], [503, "UNAVAILABLE"]);
  assert.match(refused.body.toString(), /audit trail cannot be written/);
  assert.equal((await push("v2")).status, 503);
  const tags = await ann.get("/v2/team/app/tags/list");
  assert.deepEqual(JSON.parse(tags.body.toString()).tags, ["v1"]);
  assert.equal((await ann.request("DELETE", "/v2/team/app/manifests/v1")).status, 503);
  assert.equal((await ann.get("/v2/team/app/manifests/v1")).status, 200);
  assert.equal((await client.get("/v2/", basic("ann", "wrong"))).status, 401);
  assert.ok(log.named("a line of the audit trail could not be written").length > 0);
});

test("with whenFull: log, the push succeeds and its line is in the log", async (t) => {
  const { client, log } = await runAudited(new Scope(t), "log", "/dev/full");
  assert.equal((await pushManifestOf(client.with(basic("ann")), "v1")).status, 201);
  const [lost] = log.named("a line of the audit trail could not be written");
  assert.equal((lost?.line as Line | undefined)?.event, "manifest pushed");
});

test("the file can be renamed at any time: the next line creates a new one", async (t) => {
  const { client, file } = await runAudited(new Scope(t));
  const ann = client.with(basic("ann"));
  await pushSmallImage(ann, "team/app", "one", { tag: "v1" });
  await rename(file, `${file}.1`);
  await pushSmallImage(ann, "team/app", "two", { tag: "v1" });
  for (const each of [file, `${file}.1`]) assert.equal((await linesOf(each)).length, 2);
});

test("concurrent writes of two processes are whole lines, and each move begins where the previous one ended", async (t) => {
  const scope = new Scope(t);
  const { client, file, storage } = await runAudited(scope);
  const access = { open: true, audit: { file, whenFull: "refuse" } };
  const { client: other } = await runBerth(scope, { opened: storage, access } as Parameters<typeof runBerth>[1]);
  const pushes = Array.from({ length: 20 }, (_, index) =>
    pushSmallImage(index % 2 ? other : client.with(basic("ann")), "team/app", `layer ${index}`, { tag: "v1" }),
  );
  await Promise.all(pushes);
  const moves = (await linesOf(file)).filter(({ event }) => event === "tag moved");
  assert.equal(moves.length, 20);
  const ends = new Set(moves.map(({ to }) => to));
  assert.equal(moves.filter(({ from }) => from === undefined).length, 1);
  assert.equal(new Set(moves.map(({ from }) => from)).size, 20);
  assert.ok(moves.every(({ from }) => from === undefined || ends.has(from)));
});

test("a file that cannot be opened prevents the start", async (t) => {
  const folder = await new Scope(t).folder("audit");
  await assert.rejects(
    runAudited(new Scope(t), "log", join(folder, "missing", "audit.jsonl")),
    (error) => error instanceof ConfigError && /cannot be written/.test(error.message),
  );
});

test("a pipe that no one reads prevents the start, and one whose reader stands still makes pushes fail, not wait", async (t) => {
  const scope = new Scope(t);
  const pipe = join(await scope.folder("audit"), "pipe");
  execFileSync("mkfifo", [pipe]);
  await assert.rejects(runAudited(scope, "refuse", pipe), /cannot be written/);
  const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  scope.defer(() => reader.close());
  const { client } = await runAudited(scope, "refuse", pipe);
  const push = (tag: string) => pushManifestOf(client.with(basic("ann")), tag);
  const filler = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  scope.defer(() => filler.close());
  await filler.write(Buffer.alloc(pipeBytes));
  for (let pushes = 0; pushes < 8; pushes++) assert.equal((await push("v1")).status, 503);
  await reader.read(Buffer.alloc(pipeBytes));
  assert.equal((await push("v2")).status, 201);
});

/** Pushes an image without layers, and returns the response for its manifest. */
async function pushManifestOf(client: Parameters<typeof pushSmallImage>[0], tag: string) {
  const config = await client.request(
    "POST",
    "/v2/team/app/blobs/uploads/?digest=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    { body: "{}", headers: { "content-type": "application/octet-stream" } },
  );
  assert.equal(config.status, 201);
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      size: 2,
    },
    layers: [],
    annotations: { tag },
  };
  return client.request("PUT", `/v2/team/app/manifests/${tag}`, { body: JSON.stringify(manifest) });
}
