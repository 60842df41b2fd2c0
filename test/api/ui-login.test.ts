import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runGuardedBerth } from "../support/guarded-berth.js";
import { LoginIssuer } from "../support/login-issuer.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";

async function start(t: TestContext, audit?: { readonly file: string }) {
  const scope = new Scope(t);
  const issuer = await LoginIssuer.start(scope);
  const login = { clientId: "berth-page", clientSecret: "secret" };
  const settings = {
    name: "office",
    issuer: issuer.url,
    audience: ["berth-page"],
    identities: [{ user: "$" + "{sub}", groups: ["staff"] }],
    login,
  };
  const { client, log } = await runGuardedBerth(scope, { issuers: [settings], ...(audit && { audit }) });
  return { client, issuer, log };
}

const cookieIn = (answer: Answer, name: string) => {
  const found = answer.rawHeaders.find((value) => value.startsWith(`${name}=`));
  return found?.split(";")[0];
};

/** Follows the browser's way until it is back. */
async function comeBack(client: RegistryClient, query = ""): Promise<{ readonly back: URL; readonly cookie: string }> {
  const begun = await client.get(`/ui/login/office${query}`);
  assert.equal(begun.status, 303);
  const answer = await fetch(begun.headers.location ?? "", { redirect: "manual" });
  return { back: new URL(answer.headers.get("location") ?? ""), cookie: cookieIn(begun, "berth-login") ?? "" };
}

function expectRefused(answer: Answer): void {
  assert.deepEqual([answer.status, answer.headers.location], [303, "/ui/sign-in?failed=office"]);
  assert.equal(cookieIn(answer, "berth-session"), undefined);
}

test("whoever signs in at an issuer is led back to where they were, with a session", async (t) => {
  const { client, issuer } = await start(t);
  const { back, cookie } = await comeBack(client, "?to=%2Fui%2Frepositories%3Fq%3Da%2526b");
  assert.equal(issuer.asked.get("code_challenge_method"), "S256");
  const answer = await client.get(back.pathname + back.search, { cookie });
  assert.equal(answer.status, 200);
  assert.match(answer.body.toString(), /http-equiv="refresh" content="0;url=\/ui\/repositories\?q=a%26b"/);
  assert.deepEqual([issuer.exchanged.get("client_secret"), issuer.exchanged.get("code")], ["secret", "a-code"]);
  const session = cookieIn(answer, "berth-session") ?? "";
  const me = JSON.parse((await client.get("/v2/_berth/me", { cookie: session })).body.toString());
  assert.deepEqual([me.user, me.groups, me.credential], ["office:ann", ["staff"], "issuer"]);
});

test("logins at an issuer are in the audit trail, those that fail, too", async (t) => {
  const file = join(await new Scope(t).folder("audit"), "audit.jsonl");
  const { client } = await start(t, { file });
  const { back, cookie } = await comeBack(client);
  await client.get(back.pathname + back.search);
  await client.get(back.pathname + back.search, { cookie });
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ event, user, credential }) => [event, user, credential]),
    [
      ["login failed", null, { kind: "issuer", id: "office" }],
      ["signed in", "office:ann", { kind: "issuer", id: "office" }],
    ],
  );
});

test("the cookie of a login is Lax and lasts ten minutes", async (t) => {
  const { client } = await start(t);
  const { headers } = await client.get("/ui/login/office");
  assert.match(headers["set-cookie"] ?? "", /^berth-login=.*; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
});

test("a login that another browser began is refused", async (t) => {
  const { client } = await start(t);
  const [mine, theirs] = [await comeBack(client), await comeBack(client)];
  expectRefused(await client.get(mine.back.pathname + mine.back.search, { cookie: theirs.cookie }));
  expectRefused(await client.get(mine.back.pathname + mine.back.search));
});

test("a login that began more than ten minutes ago is refused", async (t) => {
  const { client } = await start(t);
  const { back, cookie } = await comeBack(client);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 601_000 });
  expectRefused(await client.get(back.pathname + back.search, { cookie }));
});

for (const [why, claims] of Object.entries({
  "of another login": { nonce: "another" },
  "for another client": { aud: "someone-else" },
  "for another client among several": { aud: ["berth-page", "other"], azp: "other" },
  "of another issuer": { iss: "http://127.0.0.1:1" },
  "that has ended": { exp: 1 },
})) {
  test(`a token ${why} signs nobody in, and the log says why`, async (t) => {
    const { client, issuer, log } = await start(t);
    const { back, cookie } = await comeBack(client);
    issuer.claims = claims;
    expectRefused(await client.get(back.pathname + back.search, { cookie }));
    assert.equal(log.named("a login at an issuer failed").length, 1);
  });
}

test("an issuer that refuses, or is unknown, leads back to the sign-in, and its words are not shown", async (t) => {
  const { client } = await start(t);
  const { back, cookie } = await comeBack(client);
  const state = back.searchParams.get("state");
  expectRefused(
    await client.get(`${back.pathname}?error=access_denied&error_description=%3Cb%3E&state=${state}`, { cookie }),
  );
  const unknown = await client.get("/ui/login/nobody");
  assert.deepEqual([unknown.status, unknown.headers.location], [303, "/ui/sign-in?failed=nobody"]);
});

test("a login leads to no other place than this page", async (t) => {
  const { client } = await start(t);
  for (const to of [
    "https://evil.example",
    "//evil.example",
    "/ui//evil.example",
    "/v2/",
    '/ui/"><script>',
    "javascript:1",
  ]) {
    const { back, cookie } = await comeBack(client, `?to=${encodeURIComponent(to)}`);
    const page = (await client.get(back.pathname + back.search, { cookie })).body.toString();
    assert.match(page, /content="0;url=\/ui\//, to);
    assert.doesNotMatch(page, /evil|<script>|javascript/, to);
  }
});

test("the page is told at which issuers people can sign in", async (t) => {
  const { client } = await start(t);
  assert.deepEqual(JSON.parse((await client.get("/ui/session")).body.toString()), { issuers: ["office"] });
});

test("below a path that a proxy removes, a login comes back there", async (t) => {
  const { client, issuer } = await start(t);
  const below = { "x-forwarded-prefix": "/registry" };
  const begun = await client.get("/ui/login/office?to=%2Fui%2Ftokens", below);
  const answer = await fetch(begun.headers.location ?? "", { redirect: "manual" });
  const back = new URL(answer.headers.get("location") ?? "");
  assert.equal(back.pathname, "/registry/ui/login/office/callback");
  const cookie = cookieIn(begun, "berth-login") ?? "";
  const finished = await client.get(back.pathname.replace("/registry", "") + back.search, { ...below, cookie });
  assert.match(finished.body.toString(), /content="0;url=\/registry\/ui\/tokens"/);
  assert.equal(issuer.exchanged.get("redirect_uri"), back.origin + back.pathname);
  const refused = await client.get("/ui/login/office/callback", below);
  assert.equal(refused.headers.location, "/registry/ui/sign-in?failed=office");
});
