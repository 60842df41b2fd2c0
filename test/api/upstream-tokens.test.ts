import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer, html, redirectTo } from "../support/fake-upstream/faults.js";
import { errorReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const other = parseRepositoryName("library/busybox");
const latest = parseTag("latest");
const login = { username: "user", password: "pässword" };

async function hub(scope: Scope): Promise<FakeUpstream> {
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.store.addImage(name, [], "latest");
  fake.store.addImage(other, [], "latest");
  return fake;
}

test("an anonymous token is requested only for pulling, once per repository", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url);
  await upstream.headManifest(name, latest, requestOptions());
  await upstream.getManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
  const { query, headers } = fake.ledger.last({ kind: "token" });
  assert.deepEqual(query.getAll("scope"), ["repository:library/alpine:pull"]);
  assert.equal(query.get("service"), "registry.docker.io");
  assert.equal(headers.authorization, undefined);
});

test("once the way is known, another repository costs no 401", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url);
  await upstream.headManifest(name, latest, requestOptions());
  fake.ledger.clear();
  await upstream.headManifest(other, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
  assert.equal(fake.ledger.count({ kind: "manifest" }), 1);
});

test("fifty concurrent requests share one token request", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url);
  await Promise.all(Array.from({ length: 50 }, () => upstream.headManifest(name, latest, requestOptions())));
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

test("a caller that gives up does not take the token from the others", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url);
  const impatient = new AbortController();
  fake.faults.add({ kind: "token" }, (reply) => {
    impatient.abort(new Error("gone"));
    return { ...reply, delayMs: 50 };
  });
  const first = upstream.headManifest(name, latest, requestOptions({ signal: impatient.signal }));
  const second = upstream.headManifest(name, latest, requestOptions());
  await assert.rejects(first, /gone/);
  await second;
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

test("a token that is refused in the middle is fetched again, once for all", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url);
  await upstream.headManifest(name, latest, requestOptions());
  fake.tokens.revokeAll();
  fake.ledger.clear();
  await Promise.all(Array.from({ length: 20 }, () => upstream.headManifest(name, latest, requestOptions())));
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

test("an upstream that always answers 401 is asked twice and no more", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const challenge = { "www-authenticate": fake.tokens.challenge(name) };
  fake.faults.add({ kind: "manifest" }, answer(errorReply(401, "UNAUTHORIZED", "no such image", challenge)));
  const upstream = upstreamAt(scope, fake.url);
  const error = await failureOf(upstream.getManifest(name, latest, requestOptions()), "unauthorized", /no such image/);
  assert.equal(error.status, 401);
  assert.equal(fake.ledger.count({ kind: "manifest" }), 2);
});

test("credentials are sent to the token service, never to the registry", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  fake.tokens.logins.set(login.username, login.password);
  fake.tokens.isLoginRequired = true;
  await upstreamAt(scope, fake.url, { credentials: login }).headManifest(name, latest, requestOptions());
  assert.match(fake.ledger.last({ kind: "token" }).headers.authorization ?? "", /^Basic /);
  assert.equal(fake.ledger.last({ kind: "token" }).query.get("account"), "user");
  for (const { request } of fake.ledger.entries({ kind: "manifest" })) {
    assert.doesNotMatch(request.headers.authorization ?? "", /Basic/);
  }
});

test("wrong credentials are refused in words", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "wrong" } });
  const error = await failureOf(upstream.headManifest(name, latest, requestOptions()), "unauthorized");
  assert.match(error.message, /incorrect username or password/);
  assert.doesNotMatch(error.message, /wrong/);
});

test("a token service that does not support GET is asked by POST", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  fake.tokens.methods = ["POST"];
  fake.tokens.logins.set("user", "pass&word");
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "pass&word" } });
  await upstream.headManifest(name, latest, requestOptions());
  const { form } = fake.ledger.last({ kind: "token", method: "POST" });
  assert.equal(form.get("grant_type"), "password");
  assert.equal(form.get("scope"), "repository:library/alpine:pull");
});

test("an identity token is exchanged by POST", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  fake.tokens.identityTokens.add("refresh me");
  const upstream = upstreamAt(scope, fake.url, { credentials: { identityToken: "refresh me" } });
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.last({ kind: "token" }).form.get("grant_type"), "refresh_token");
});

test("Basic credentials are sent to a registry that asks for them, without a 401 the second time", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  fake.store.addImage(name, [], "latest");
  fake.tokens.logins.set(login.username, login.password);
  const upstream = upstreamAt(scope, fake.url, { credentials: login });
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count(), 2);
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count(), 3);
});

test("a registry that wants Basic credentials when there are none is unauthorized, once GET has said so as HEAD did", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  await failureOf(upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions()), "unauthorized");
  assert.deepEqual([fake.ledger.count({ method: "HEAD" }), fake.ledger.count({ method: "GET" })], [1, 1]);
});

test("refused Basic credentials are not tried again and again", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "wrong" } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unauthorized");
  assert.deepEqual([fake.ledger.count({ method: "HEAD" }), fake.ledger.count({ method: "GET" })], [2, 1]);
});

test("the file of docker login is read again when it has changed and the old login is refused", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  fake.store.addImage(name, [], "latest");
  const file = join(await scope.folder(), "config.json");
  const logIn = async (password: string) => {
    const auth = Buffer.from(`user:${password}`).toString("base64");
    await writeFile(file, JSON.stringify({ auths: { [new URL(fake.url).host]: { auth } } }));
    fake.tokens.logins.set("user", password);
  };
  await logIn("first");
  const upstream = upstreamAt(scope, fake.url, { credentials: { dockerConfigFile: file } });
  await upstream.headManifest(name, latest, requestOptions());
  await logIn("second");
  await upstream.headManifest(name, latest, requestOptions());
});

test("a missing docker login file is reported without its path", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const upstream = upstreamAt(scope, fake.url, { credentials: { dockerConfigFile: "/no/such/file" } });
  const error = await failureOf(
    upstream.headManifest(name, latest, requestOptions()),
    "unavailable",
    /login file cannot be read/,
  );
  assert.doesNotMatch(error.message, /no\/such/);
});

for (const [lifetime, requests] of [
  [0, 1],
  [-5, 1],
  [1e12, 1],
  ["soon", 1],
  [0.001, 2],
] as const) {
  test(`a token with a lifetime of ${lifetime} seconds is handled sensibly`, async (t) => {
    const scope = new Scope(t);
    const fake = await hub(scope);
    fake.tokens.claimedLifetime = lifetime;
    const time = { now: 0 };
    const clock = { monotonic: () => time.now, wall: () => 0 };
    const upstream = upstreamAt(scope, fake.url, { surroundings: { clock } });
    await upstream.headManifest(name, latest, requestOptions());
    time.now += 10;
    await upstream.headManifest(name, latest, requestOptions());
    assert.equal(fake.ledger.count({ kind: "token" }), requests);
  });
}

test("a token is replaced shortly before it expires, by our own clock", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const time = { now: 0 };
  const clock = { monotonic: () => time.now, wall: () => 0 };
  const upstream = upstreamAt(scope, fake.url, { surroundings: { clock } });
  await upstream.headManifest(name, latest, requestOptions());
  time.now = 280_000;
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
  time.now = 290_000;
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 2);
  assert.equal(fake.ledger.entries({ kind: "manifest" }).filter(({ status }) => status === 401).length, 1);
});

for (const [what, reply] of [
  ["a page", html],
  ["no token", answer(jsonReply(200, { expires_in: 300 }))],
  ["a token with a line break", answer(jsonReply(200, { token: "a\r\nX-Injected: b" }))],
  ["ten megabytes", answer(jsonReply(200, { token: "a".repeat(10_000_000) }))],
  ["a list", answer({ status: 200, headers: {}, body: contentOf("[1]") })],
  ["a 404", answer(errorReply(404, "NOT_FOUND"))],
  ["endless redirects", redirectTo("/token")],
] as const) {
  test(`a token service that answers with ${what} is not trusted`, async (t) => {
    const scope = new Scope(t);
    const fake = await hub(scope);
    fake.faults.add({ kind: "token" }, reply);
    await failureOf(upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions()), "invalid");
  });
}

test("a realm on a foreign host is refused before anything is sent to it", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const foreign = await FakeUpstream.start(scope);
  fake.tokens.realm = foreign.tokens.realm.replace("127.0.0.1", "localhost");
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "password" } });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /foreign host.*realms/);
  assert.equal(foreign.ledger.count(), 0);
});

test("a realm on a foreign host is used if the operator listed it", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const realm = new URL(fake.tokens.realm);
  realm.hostname = "localhost";
  fake.tokens.realm = realm.href;
  await upstreamAt(scope, fake.url, { realms: [realm.host] }).headManifest(name, latest, requestOptions());
});

test("the challenge may not choose the scope of the token", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  const challenge = fake.tokens.challenge("secret/image").replace(":pull", ":pull,push");
  fake.faults.add(
    { kind: "manifest" },
    answer(errorReply(401, "UNAUTHORIZED", "", { "www-authenticate": challenge })),
    {
      times: 1,
    },
  );
  await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.deepEqual(fake.ledger.last({ kind: "token" }).query.getAll("scope"), ["repository:library/alpine:pull"]);
});

test("no token and no password appear in an error or in the log", async (t) => {
  const scope = new Scope(t);
  const fake = await hub(scope);
  fake.tokens.logins.set("user", "hunter2");
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "hunter2" } });
  await upstream.headManifest(name, latest, requestOptions());
  const token = fake.ledger.last({ kind: "manifest" }).headers.authorization ?? "";
  await fake.stop();
  const error = await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable");
  const told = JSON.stringify([error, error.stack, error.cause, Object.entries(error.cause ?? {})]);
  assert.ok(token.length > 10);
  assert.ok(!told.includes(token.replace("Bearer ", "")) && !told.includes("hunter2"));
});
