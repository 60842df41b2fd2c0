import assert from "node:assert/strict";
import test from "node:test";
import { AccessTokens } from "../../src/auth/tokens/access-tokens.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { type Answer, errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const publicAndPrivate = {
  anonymousPull: true,
  rules: [
    { allow: "pull, push, delete", to: "@platform", in: "team/**" },
    { allow: "push", to: "ci", in: "team/**" },
    { deny: "pull", to: "anonymous", in: "team/secret" },
  ],
} as const;

function challengeOf(answer: Answer): string {
  return answer.headers["www-authenticate"] ?? "";
}

async function tokenFor(client: RegistryClient, scope: string): Promise<string> {
  const answer = await client.get(`/v2/_berth/token?service=berth&scope=${encodeURIComponent(scope)}`);
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString()).token;
}

test("/v2/ asks every client for a token, and accepts one, or a password", async (t) => {
  const { client, port } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  for (const agent of ["docker/28.0", "containers/5.36 (github.com/containers/image)", "curl/8", undefined]) {
    const answer = await client.get("/v2/", agent === undefined ? {} : { "user-agent": agent });
    assert.equal(answer.status, 401);
    assert.equal(challengeOf(answer), `Bearer realm="http://127.0.0.1:${port}/v2/_berth/token",service="berth"`);
  }
  assert.equal((await client.get("/v2/", basic("ann"))).status, 200);
  assert.equal((await client.get("/v2/", bearer(await tokenFor(client.with(basic("ann")), "")))).status, 200);
  assert.equal((await client.get("/v2/", bearer(await tokenFor(client, "repository:team/app:pull")))).status, 200);
  assert.equal((await client.get("/v2/", basic("", ""))).status, 401);
});

test("what everyone may pull needs no token, and fails only with a wrong password", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  await pushSmallImage(client.with(basic("ann")), "team/app", "layer", { tag: "v1" });
  const path = "/v2/team/app/manifests/v1";
  const useless = [{}, basic("", ""), basic("bob"), bearer("a.b.c"), bearer("x"), { authorization: "Digest x" }];
  const statuses = await Promise.all(useless.map(async (headers) => (await client.get(path, headers)).status));
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 401]);
  assert.equal((await client.get(path, basic("ann", "wrong"))).status, 401);
  assert.equal((await client.get(path, basic("nobody"))).status, 401);
});

test("a token that is limited to other repositories pulls what an anonymous client may, and no more", async (t) => {
  const { client, storage } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  await pushSmallImage(client.with(basic("ann")), "team/app", "layer", { tag: "v1" });
  await pushSmallImage(client.with(basic("ann")), "team/secret", "layer", { tag: "v1" });
  const limited = await new AccessTokens(storage.accessTokens).create({ user: "ci", scopes: ["push:builds/*"] });
  const narrow = await tokenFor(client.with(basic("ci", limited)), "repository:builds/x:push");
  for (const headers of [basic("ci", limited), bearer(limited), bearer(narrow)]) {
    assert.equal((await client.get("/v2/team/app/manifests/v1", headers)).status, 200);
    assert.ok([401, 403].includes((await client.get("/v2/team/secret/manifests/v1", headers)).status));
    const upload = await client.request("POST", "/v2/team/app/blobs/uploads/", { headers });
    assert.ok([401, 403].includes(upload.status));
  }
});

test("an unknown client is asked for the scope that it needs, a known one is told what it may not do", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const unknown = await client.request("POST", "/v2/team/app/blobs/uploads/");
  assert.equal(unknown.status, 401);
  assert.match(challengeOf(unknown), /,scope="repository:team\/app:pull,push"$/);
  const known = await client.request("POST", "/v2/other/app/blobs/uploads/", { headers: basic("ann") });
  assert.equal(known.status, 403);
  assert.equal(errorCodeOf(known), "DENIED");
  assert.match(known.body.toString(), /ann may not push to other\/app/);
  assert.equal(challengeOf(known), "");
});

test("a token for less than requested is not an error, and one for more is demanded when it is needed", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const ci = client.with(basic("ci"));
  const answer = await ci.get(
    "/v2/_berth/token?scope=repository:team/app:push,pull,delete&scope=repository:other/app:push%20repository:x/y:*",
  );
  const { scope, token, access_token, expires_in } = JSON.parse(answer.body.toString());
  assert.equal(scope, "repository:team/app:pull,push repository:x/y:pull");
  assert.equal(token, access_token);
  assert.ok(expires_in >= 60);
  const narrow = await tokenFor(ci, "repository:team/app:pull");
  const refused = await client.request("POST", "/v2/team/app/blobs/uploads/", { headers: bearer(narrow) });
  assert.equal(refused.status, 401);
  assert.match(challengeOf(refused), /scope="repository:team\/app:pull,push",error="insufficient_scope"$/);
  const never = await client.request("DELETE", `/v2/team/app/manifests/v1`, { headers: basic("ci") });
  assert.equal(never.status, 403);
});

test("an invalid token matters only where a token is needed", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const refused = await client.get("/v2/team/secret/tags/list", bearer("a.b.c"));
  assert.equal(refused.status, 401);
  assert.match(challengeOf(refused), /error="invalid_token"$/);
});

test("the OAuth2 form issues the same tokens, in any charset; for anything else, clients fall back to GET", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const post = (form: string) => client.request("POST", "/v2/_berth/token", { body: form, headers });
  const good = await post(
    "grant_type=password&username=ann&password=ann&service=berth&scope=repository:team/app:pull,push",
  );
  assert.equal(good.status, 200);
  const { access_token } = JSON.parse(good.body.toString());
  const started = await client.request("POST", "/v2/team/app/blobs/uploads/", { headers: bearer(access_token) });
  assert.equal(started.status, 202);
  assert.equal((await post("grant_type=password&username=ann&password=wrong")).status, 401);
  assert.equal((await post("grant_type=refresh_token&refresh_token=x")).status, 400);
  assert.equal((await post(`grant_type=password&x=${"a".repeat(100_000)}`)).status, 413);
});

test("a login is checked at once: the token service refuses a wrong password, and an anonymous token grants little", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  assert.equal(
    (await client.get("/v2/_berth/token?account=ann&offline_token=true", basic("ann", "wrong"))).status,
    401,
  );
  const anonymous = await client.get("/v2/_berth/token?scope=repository:team/app:pull,push");
  assert.equal(JSON.parse(anonymous.body.toString()).scope, "repository:team/app:pull");
});

test("what docker and podman add to a token request changes nothing: only the credentials identify the client", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const added = "service=berth&client_id=docker&offline_token=true&account=ann&scope=repository:team/app:pull,push";
  const granted = async (headers: Parameters<RegistryClient["get"]>[1]) => {
    const answer = await client.get(`/v2/_berth/token?${added}`, headers);
    assert.equal(answer.status, 200);
    const { scope, refresh_token, issued_at } = JSON.parse(answer.body.toString());
    // Docker would drop the password for a refresh token, and reckon with its own clock from a time of issue.
    assert.deepEqual([refresh_token, issued_at], [undefined, undefined]);
    return scope;
  };
  assert.equal(await granted(basic("ann")), "repository:team/app:pull,push");
  for (const headers of [{}, basic("", ""), basic("bob")])
    assert.equal(await granted(headers), "repository:team/app:pull");
  const form =
    "grant_type=password&username=ci&password=ci&scope=repository:team/app:push&scope=repository:team/b:pull";
  const posted = JSON.parse((await client.request("POST", "/v2/_berth/token", { body: form })).body.toString());
  assert.equal(posted.scope, "repository:team/app:push repository:team/b:pull");
});

test("a token for very many repositories is for as many as fit into a header, and good", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  const names = Array.from({ length: 100 }, (_, index) => `team/${"a".repeat(200)}${index}`);
  const scopes = names.map((name) => `repository:${name}:pull,push`).join(" ");
  const body = new URLSearchParams({
    grant_type: "password",
    username: "ann",
    password: "ann",
    scope: scopes,
  }).toString();
  const answer = await client.request("POST", "/v2/_berth/token", { body });
  const { token, scope } = JSON.parse(answer.body.toString());
  assert.ok(answer.body.length < 64 * 1024);
  assert.ok(token.length < 16 * 1024);
  assert.match(scope, /^repository:team\/a+0:pull,push repository:team\/a+1:pull,push /);
  const push = (name = "") => client.request("POST", `/v2/${name}/blobs/uploads/`, { headers: bearer(token) });
  assert.equal((await push(names[0])).status, 202);
  const last = await push(names.at(-1));
  assert.equal(last.status, 401);
  assert.match(challengeOf(last), /error="insufficient_scope"$/);
});

test("if nothing is anonymous, clients are asked for Basic credentials", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const answer = await client.get("/v2/");
  assert.equal(answer.status, 401);
  assert.equal(challengeOf(answer), 'Basic realm="berth"');
  assert.equal((await client.get("/v2/", basic("bob"))).status, 200);
});

test("the realm is the address that the client uses, or server.publicUrl", async (t) => {
  const scope = new Scope(t);
  const { client } = await runGuardedBerth(scope, publicAndPrivate);
  const forwarded = await client.get("/v2/", { "x-forwarded-proto": "https", host: "registry.example.com" });
  assert.match(challengeOf(forwarded), /realm="https:\/\/registry\.example\.com\/v2\/_berth\/token"/);
  const below = { "x-forwarded-proto": "https", "x-forwarded-prefix": "/registry", host: "example.com" };
  assert.match(challengeOf(await client.get("/v2/", below)), /realm="https:\/\/example\.com\/registry\/v2\/_berth/);
  const named = await runGuardedBerth(scope, publicAndPrivate, { server: { publicUrl: "https://hub.example.com" } });
  assert.match(challengeOf(await named.client.get("/v2/")), /realm="https:\/\/hub\.example\.com\/v2\/_berth\/token"/);
});

test("garbage in Authorization is refused, and none of it is logged", async (t) => {
  const { client, log } = await runGuardedBerth(new Scope(t), publicAndPrivate);
  for (const authorization of [
    "Basic",
    "Basic !!!",
    "Basic YW5u",
    `Basic ${Buffer.from("a\nb:secret-c").toString("base64")}`,
  ]) {
    assert.equal((await client.get("/v2/", { authorization })).status, 401, authorization);
  }
  assert.equal((await client.get("/v2/", basic("ann", "secret-password"))).status, 401);
  assert.doesNotMatch(JSON.stringify(log.events), /secret-/);
});
