import { strict as assert } from "node:assert";
import { test } from "node:test";
import { basic, htpasswdLines, runGuardedBerth } from "../support/guarded-berth.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

function signIn(client: RegistryClient, user: string, headers: Record<string, string> = {}): Promise<Answer> {
  const body = JSON.stringify({ user, password: user });
  return client.request("POST", "/ui/session", { body, headers: { "content-type": "application/json", ...headers } });
}

/** The part of a Set-Cookie that the browser sends back. */
function cookieIn(answer: Answer): string {
  return (answer.headers["set-cookie"] ?? "").split(";")[0] ?? "";
}

async function callerOf(client: RegistryClient, cookie: string): Promise<{ readonly user?: string }> {
  return JSON.parse((await client.get("/v2/_berth/me", { cookie })).body.toString());
}

test("who signs in gets a cookie that no script reads and no other site sends", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const answer = await signIn(client, "ann");
  assert.equal(answer.status, 204);
  const [pair = "", ...attributes] = (answer.headers["set-cookie"] ?? "").split("; ");
  assert.match(pair, /^berth-session=/);
  assert.deepEqual(attributes, ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]);
  assert.equal((await callerOf(client, pair)).user, "ann");
});

test("over HTTPS, the cookie is Secure and has the prefix that neighbours cannot set", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const https = { "x-forwarded-proto": "https" };
  const answer = await signIn(client, "ann", https);
  assert.match(answer.headers["set-cookie"] ?? "", /^__Host-berth-session=.*; SameSite=Strict; Secure$/);
  const cookie = cookieIn(answer);
  const secure = await client.get("/v2/_berth/me", { cookie, ...https });
  assert.equal(JSON.parse(secure.body.toString()).user, "ann");
  const planted = cookie.replace("__Host-", "");
  const plain = await client.get("/v2/_berth/me", { cookie: planted, ...https });
  assert.equal(JSON.parse(plain.body.toString()).user, undefined);
});

test("a wrong password is refused without making the browser open a window of its own", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const body = JSON.stringify({ user: "ann", password: "bob" });
  const answer = await client.request("POST", "/ui/session", { body, headers: { "x-berth-page": "1" } });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers["set-cookie"], undefined);
  assert.match(answer.headers["www-authenticate"] ?? "", /^Session /);
});

test("a forged, cut or doubled cookie is nobody's", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const cookie = cookieIn(await signIn(client, "ann"));
  const [header = "", payload = "", signature = ""] = cookie.replace("berth-session=", "").split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const asBob = Buffer.from(JSON.stringify({ ...claims, sub: "bob" })).toString("base64url");
  const unsigned = Buffer.from('{"alg":"none","typ":"berth-session+jwt"}').toString("base64url");
  const forged = [
    `berth-session=${header}.${asBob}.${signature}`,
    `berth-session=${unsigned}.${asBob}.`,
    `berth-session=${cookie.slice(0, -4)}`,
    "berth-session=ann",
    "berth-session=",
    `${cookie}; berth-session=${header}.${asBob}.${signature}`,
  ];
  for (const each of forged) assert.equal((await callerOf(client, each)).user, undefined, each);
});

test("a session ends when its user is removed or gets another password", async (t) => {
  const { client, users } = await runGuardedBerth(new Scope(t), {});
  const ann = cookieIn(await signIn(client, "ann"));
  const bob = cookieIn(await signIn(client, "bob"));
  assert.equal((await callerOf(client, ann)).user, "ann");
  await users.replaceWith(await htpasswdLines({ bob: "other" }));
  assert.equal((await callerOf(client, ann)).user, undefined);
  assert.equal((await callerOf(client, bob)).user, undefined);
});

test("a session ends after twelve hours", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const cookie = cookieIn(await signIn(client, "ann"));
  assert.equal((await callerOf(client, cookie)).user, "ann");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 12 * 60 * 60_000 + 1_000 });
  assert.equal((await callerOf(client, cookie)).user, undefined);
});

test("the cookie counts at the page and its API only: pulls, pushes and token requests need the password", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { challenge: "bearer" });
  const cookie = cookieIn(await signIn(client, "ann"));
  for (const path of ["/v2/", "/v2/_catalog", "/v2/team/app/tags/list"])
    assert.equal((await client.get(path, { cookie })).status, path === "/v2/_catalog" ? 200 : 401, path);
  for (const path of ["/v2/_berth/token", "/v2/_berth/token/", "//v2/_berth/token", "/v2/_berth//token//"]) {
    const answer = await client.get(`${path}?scope=repository:team/app:pull,push`, { cookie });
    const { token } = JSON.parse(answer.body.toString());
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    assert.equal(claims.sub, "", path);
  }
});

test("a session is no bearer token, and a bearer token is no session", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { challenge: "bearer" });
  const session = cookieIn(await signIn(client, "ann")).replace("berth-session=", "");
  assert.equal((await client.get("/v2/", { authorization: `Bearer ${session}` })).status, 401);
  const { token } = JSON.parse((await client.get("/v2/_berth/token", basic("ann"))).body.toString());
  assert.equal((await callerOf(client, `berth-session=${token}`)).user, undefined);
});

for (const headers of [
  { origin: "https://evil.example" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
]) {
  test(`another site cannot sign anyone in or out: ${JSON.stringify(headers)}`, async (t) => {
    const { client } = await runGuardedBerth(new Scope(t), {});
    assert.equal((await signIn(client, "ann", headers)).status, 403);
    assert.equal((await client.request("DELETE", "/ui/session", { headers })).status, 403);
  });
}

test("signing out deletes the cookie", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const answer = await client.request("DELETE", "/ui/session", { headers: { "sec-fetch-site": "same-origin" } });
  assert.equal(answer.status, 204);
  assert.match(answer.headers["set-cookie"] ?? "", /^berth-session=; Path=\/; Max-Age=0;/);
});

test("a session that was ended by signing out is refused, also by another process and after a restart", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const one = await runGuardedBerth(scope, {}, { root });
  const [cookie, kept] = [cookieIn(await signIn(one.client, "ann")), cookieIn(await signIn(one.client, "ann"))];
  assert.equal((await callerOf(one.client, cookie)).user, "ann");
  assert.equal((await one.client.request("DELETE", "/ui/session", { headers: { cookie } })).status, 204);
  assert.equal((await callerOf(one.client, cookie)).user, undefined);
  const other = await runBerth(scope, { root, access: one.access } as Parameters<typeof runBerth>[1]);
  assert.equal((await callerOf(other.client, cookie)).user, undefined);
  assert.equal((await callerOf(other.client, kept)).user, "ann", "another session of the same user goes on");
});

for (const body of [
  "",
  "ann",
  "[]",
  "null",
  '{"user":1,"password":2}',
  '{"user":"ann"}',
  '{"user":"a:b","password":"c"}',
]) {
  test(`a sign-in with the body ${body || "of no bytes"} is refused`, async (t) => {
    const { client } = await runGuardedBerth(new Scope(t), {});
    const { status } = await client.request("POST", "/ui/session", { body });
    assert.ok(status === 400 || status === 401, String(status));
  });
}

test("a sign-in of a megabyte is refused before it is read", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const { status } = await client.request("POST", "/ui/session", { body: "x".repeat(1_000_000) });
  assert.equal(status, 413);
});

test("without access control, there is nothing to sign in to", async (t) => {
  const { client } = await runBerth(new Scope(t));
  assert.equal((await signIn(client, "ann")).status, 405);
});
