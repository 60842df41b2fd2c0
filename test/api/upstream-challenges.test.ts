import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer, gzipped, header, redirectTo } from "../support/fake-upstream/faults.js";
import { emptyReply, errorReply, jsonReply } from "../support/fake-upstream/reply.js";
import type { FakeRequest } from "../support/fake-upstream/request.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("team/app");
const other = parseRepositoryName("team/other");
const latest = parseTag("latest");
const credentials = { username: "user", password: "password" };

async function registry(scope: Scope, auth: "none" | "bearer" | "basic" = "bearer"): Promise<FakeUpstream> {
  const fake = await FakeUpstream.start(scope, { auth });
  fake.tokens.logins.set("user", "password");
  for (const repository of [name, other]) fake.store.addImage(repository, [], "latest");
  return fake;
}

/** A request without credentials gets this response, and a challenge only at `/v2/`. */
function hide(fake: FakeUpstream, status: number): void {
  fake.faults.add({ kind: "manifest" }, (reply, { headers }) =>
    headers.authorization === undefined ? errorReply(status, "HIDDEN") : reply,
  );
}

for (const auth of ["bearer", "basic"] as const) {
  for (const status of [403, 404]) {
    test(`what is hidden from anonymous clients by ${status} is requested as /v2/ says: ${auth}`, async (t) => {
      const scope = new Scope(t);
      const fake = await registry(scope, auth);
      hide(fake, status);
      const upstream = upstreamAt(scope, fake.url, { credentials });
      await upstream.getManifest(name, latest, requestOptions());
      await upstream.getManifest(other, latest, requestOptions());
      assert.equal(fake.ledger.count({ kind: "ping" }), 1);
    });
  }
}

test("what does not exist is missing, and /v2/ is not requested each time", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope, "none");
  const upstream = upstreamAt(scope, fake.url, { credentials });
  for (const tag of ["one", "two"])
    await failureOf(upstream.getManifest(name, parseTag(tag), requestOptions()), "not-found");
  assert.equal(fake.ledger.count({ kind: "ping" }), 1);
});

test("without credentials /v2/ is not requested", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  hide(fake, 404);
  await failureOf(upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()), "not-found");
  assert.equal(fake.ledger.count(), 1);
});

test("each repository may have its own token service, which knows no other repository", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope, "none");
  const realmOf = ({ name: repository }: FakeRequest) => `${fake.origin}/token?of=${repository}`;
  fake.faults.add({ kind: "manifest" }, (reply, request) =>
    request.headers.authorization === `Bearer for-${request.name}`
      ? reply
      : errorReply(401, "UNAUTHORIZED", "", { "www-authenticate": `Bearer realm="${realmOf(request)}"` }),
  );
  fake.faults.add({ kind: "token" }, (_, { query }) =>
    query.get("scope") === `repository:${query.get("of")}:pull`
      ? jsonReply(200, { token: `for-${query.get("of")}` })
      : jsonReply(401, { details: "unknown scope" }),
  );
  const upstream = upstreamAt(scope, fake.url);
  for (const repository of [name, other, name, other]) await upstream.getManifest(repository, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 3);
});

test("a scope that the token service refuses is reported for its repository, and affects no other", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  fake.faults.add({ kind: "token" }, (reply, { query }) =>
    query.get("scope")?.includes(other) ? errorReply(403, "DENIED", "not for you") : reply,
  );
  const upstream = upstreamAt(scope, fake.url);
  await upstream.getManifest(name, latest, requestOptions());
  await failureOf(upstream.getManifest(other, latest, requestOptions()), "denied", /not for you/);
  assert.equal(fake.ledger.count({ kind: "token" }), 2);
  await upstream.getManifest(name, latest, requestOptions());
});

test("a repository whose token service fails sends no other repository there", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const broken = await FakeUpstream.start(scope);
  broken.faults.add({ kind: "token" }, answer(errorReply(500, "BROKEN")));
  const undo = fake.faults.add({ name }, header("www-authenticate", `Bearer realm="${broken.tokens.realm}"`));
  const upstream = upstreamAt(scope, fake.url, { attempts: 1 });
  await failureOf(upstream.getManifest(name, latest, requestOptions()), "unavailable", /BROKEN/);
  await upstream.getManifest(other, latest, requestOptions());
  assert.equal(broken.ledger.count(), 1);
  undo();
  await upstream.getManifest(name, latest, requestOptions());
});

test("a repository that needs no token can be pulled although the token service refuses one, and then costs no token", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const upstream = upstreamAt(scope, fake.url);
  await upstream.getManifest(name, latest, requestOptions());
  const manifest = fake.store.findManifest(other, "latest");
  assert.ok(manifest);
  const open = { status: 200, headers: {}, body: contentOf(manifest.bytes) };
  fake.faults.add({ name: other }, answer(open));
  fake.faults.add({ kind: "token" }, answer(errorReply(500, "BROKEN")));
  await upstream.getManifest(other, latest, requestOptions());
  await upstream.getManifest(other, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 2);
});

test("a failing token service does not make content missing", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const upstream = upstreamAt(scope, fake.url, { attempts: 1 });
  await upstream.getManifest(name, latest, requestOptions());
  hide(fake, 404);
  fake.faults.add({ kind: "token" }, answer(errorReply(503, "BROKEN")));
  await failureOf(upstream.getManifest(other, latest, requestOptions()), "unavailable", /BROKEN/);
});

test("a token service that moved is forgotten, and the registry says where it is now", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const old = await FakeUpstream.start(scope, { address: "127.0.0.1" });
  const { realm } = fake.tokens;
  fake.tokens.realm = old.tokens.realm;
  old.faults.add({ kind: "token" }, (_, request) => fake.tokens.answer(request));
  const upstream = upstreamAt(scope, fake.url);
  await upstream.getManifest(name, latest, requestOptions());
  await old.stop();
  fake.tokens.realm = realm;
  await upstream.getManifest(other, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

for (const status of [400, 403]) {
  test(`a token that is refused by ${status} before it expires is renewed, once`, async (t) => {
    const scope = new Scope(t);
    const fake = await registry(scope);
    const upstream = upstreamAt(scope, fake.url);
    await upstream.getManifest(name, latest, requestOptions());
    fake.tokens.revokeAll();
    fake.ledger.clear();
    fake.faults.add({ kind: "manifest" }, (reply) => (reply.status === 401 ? errorReply(status, "EXPIRED") : reply));
    await upstream.getManifest(name, latest, requestOptions());
    assert.equal(fake.ledger.count({ kind: "token" }), 1);
    assert.equal(fake.ledger.count({ kind: "manifest" }), 2);
  });

  test(`a ${status} that a new token does not help against costs one more token, and no more`, async (t) => {
    const scope = new Scope(t);
    const fake = await registry(scope);
    const upstream = upstreamAt(scope, fake.url);
    await upstream.getManifest(name, latest, requestOptions());
    fake.faults.add({ kind: "manifest" }, answer(errorReply(status, "REFUSED", "policy")));
    for (let times = 0; times < 3; times += 1) {
      await assert.rejects(upstream.getManifest(name, latest, requestOptions()), /policy/);
    }
    assert.equal(fake.ledger.count({ kind: "token" }), 2);
  });
}

test("a scope that only the challenge knows is requested together with ours, or alone if ours is refused", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const challenge = fake.tokens
    .challenge(name)
    .replace(/scope="[^"]*"/, 'scope="aws repository:mirror/team/app:push,pull"');
  fake.faults.add({ kind: "manifest" }, header("www-authenticate", challenge));
  fake.faults.add({ kind: "token" }, (reply, { query }) =>
    query.getAll("scope").includes(`repository:${name}:pull`) ? errorReply(400, "BAD_SCOPE") : reply,
  );
  await failureOf(upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()), "unauthorized");
  const [first, second] = fake.ledger.entries({ kind: "token" });
  const asked = ["aws", "repository:mirror/team/app:pull"];
  assert.deepEqual(first?.request.query.getAll("scope"), [`repository:${name}:pull`, ...asked]);
  assert.deepEqual(second?.request.query.getAll("scope"), asked);
});

const tokenAnswers = {
  'an empty token beside "access_token"': ["token", "access_token"],
  'no token but "access_token"': [undefined, "access_token"],
} as const;
for (const [what, [empty, field]] of Object.entries(tokenAnswers)) {
  test(`a token service may send ${what}`, async (t) => {
    const scope = new Scope(t);
    const fake = await registry(scope);
    fake.faults.add({ kind: "token" }, ({ body, ...reply }) => {
      const { token } = JSON.parse(body.slice(0, body.size).toString());
      return { ...reply, body: contentOf(JSON.stringify({ ...(empty && { [empty]: "" }), [field]: token })) };
    });
    await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
  });
}

test("a token service may answer 201, and compressed", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  fake.faults.add({ kind: "token" }, (reply, request) => ({ ...gzipped(reply, request), status: 201 }));
  await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
});

test("a compressed token that expands to gigabytes is not decoded", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const body = contentOf(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  fake.faults.add({ kind: "token" }, answer({ status: 200, headers: { "content-encoding": "gzip" }, body }));
  await failureOf(upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()), "invalid", /JSON/);
});

test("a token service may redirect within its origin, and receives the credentials there", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  fake.tokens.isLoginRequired = true;
  const { realm } = fake.tokens;
  fake.tokens.realm = realm.replace("/token", "/old/token");
  fake.faults.add({ kind: "other" }, (_, { query }) => emptyReply(308, { location: `/token?${query}` }));
  await upstreamAt(scope, fake.url, { credentials }).getManifest(name, latest, requestOptions());
  assert.match(fake.ledger.last({ kind: "token" }).headers.authorization ?? "", /^Basic /);
});

test("a token service may not redirect to another origin with the credentials, but without any", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const foreign = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  fake.faults.add({ kind: "token" }, redirectTo(`${foreign.origin}/token?scope=repository:${name}:pull`));
  foreign.faults.add({ kind: "token" }, (_, request) => fake.tokens.answer(request));
  const withCredentials = upstreamAt(scope, fake.url, { credentials });
  await failureOf(
    withCredentials.getManifest(name, latest, requestOptions()),
    "invalid",
    /may not receive the credentials/,
  );
  assert.equal(foreign.ledger.count(), 0);
  await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
});

test("an anonymous token may come from a foreign host", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const foreign = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  fake.tokens.realm = `${foreign.origin}/token`;
  foreign.faults.add({ kind: "token" }, (_, request) => fake.tokens.answer(request));
  await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
});

for (const [what, of] of [
  ["with Negotiate before it", (bearer: string) => `Negotiate, NTLM abc==, ${bearer}`],
  ["with Basic before it", (bearer: string) => `Basic realm="a, b", ${bearer}`],
  [
    "in lower case, without quotes and service",
    (bearer: string) => `bearer realm=${/realm="([^"]*)/.exec(bearer)?.[1]}`,
  ],
  ["with a path as its realm", (bearer: string) => bearer.replace(/realm="[^"]*"/, 'realm="/token"')],
  ["with an error in it", (bearer: string) => `${bearer},error="invalid_token",error_description="a, \\"b\\""`],
] as const) {
  test(`a Bearer challenge is understood ${what}`, async (t) => {
    const scope = new Scope(t);
    const fake = await registry(scope);
    const challenge = of(fake.tokens.challenge(name));
    fake.faults.add({ kind: "manifest" }, (reply) =>
      reply.status === 401 ? { ...reply, headers: { "www-authenticate": challenge } } : reply,
    );
    await upstreamAt(scope, fake.url, { credentials }).getManifest(name, latest, requestOptions());
    assert.equal(fake.ledger.count({ kind: "token" }), 1);
  });
}

for (const [what, bearer] of [
  ["a Bearer without realm", "Bearer"],
  ["a Bearer of a foreign realm", 'Bearer realm="http://localhost:1/token"'],
] as const) {
  test(`with ${what} Basic is used`, async (t) => {
    const scope = new Scope(t);
    const fake = await registry(scope, "basic");
    fake.faults.add({ kind: "manifest" }, (reply) =>
      reply.status === 401 ? { ...reply, headers: { "www-authenticate": `${bearer}, Basic realm="x"` } } : reply,
    );
    await upstreamAt(scope, fake.url, { credentials }).getManifest(name, latest, requestOptions());
  });
}

test("a 401 without a challenge leads to /v2/, which has one", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  fake.faults.add({ kind: "manifest" }, (reply) => (reply.status === 401 ? errorReply(401, "UNAUTHORIZED") : reply));
  await upstreamAt(scope, fake.url, { credentials }).getManifest(name, latest, requestOptions());
});

test("of hundreds of token services that one response names, only the first ones are asked", async (t) => {
  const scope = new Scope(t);
  const fake = await registry(scope);
  const realms = Array.from({ length: 200 }, (_, number) => `Bearer realm="${fake.origin}/other/${number}"`);
  fake.faults.add({ kind: "manifest" }, () =>
    errorReply(401, "UNAUTHORIZED", "", { "www-authenticate": realms.join() }),
  );
  await failureOf(upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()), "unauthorized");
  assert.equal(fake.ledger.count({ kind: "manifest" }), 1);
  assert.equal(fake.ledger.count(), 5);
});
