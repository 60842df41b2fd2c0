import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessTokens } from "../../src/auth/tokens/access-tokens.js";
import { ConfigError } from "../../src/config/problem.js";
import { digestOf } from "../../src/oci/digest.js";
import { basic, bearer, htpasswdLines, runGuardedBerth } from "../support/guarded-berth.js";
import { exchangeRaw } from "../support/raw-connection.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const rules = [
  { allow: "pull, push, delete", to: "ann", in: "team/**" },
  { allow: "pull, push", to: "bob", in: "bob/**" },
  { allow: "pull", to: "everyone", in: "public/**" },
] as const;

async function tokenOf(client: RegistryClient, scope: string, headers: Parameters<RegistryClient["get"]>[1]) {
  const answer = await client.get(`/v2/_berth/token?scope=${encodeURIComponent(scope)}`, headers);
  return JSON.parse(answer.body.toString());
}

test("a header of a megabyte, a repeated one or one with control characters is refused, and Berth continues to serve", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runGuardedBerth(scope, { rules });
  const send = (lines: string) =>
    exchangeRaw(scope, port, `GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n\r\n`);
  const good = `Authorization: ${basic("ann").authorization}`;
  assert.match(await send(`Authorization: Bearer ${"a".repeat(1024 * 1024)}`), /^HTTP\/1\.1 431 /);
  assert.match(await send(`${good}\r\n${good}`), /^HTTP\/1\.1 400 /);
  assert.match(await send(`${good}\r\nauthorization: Bearer x.y.z`), /^HTTP\/1\.1 400 /);
  for (const garbage of ["\x00", "Basic \x01", "Bearer a\x7fb", "Basic\t", ", Basic", "Bearer a.b.c, Basic x"]) {
    assert.match(await send(`Authorization: ${garbage}`), /^HTTP\/1\.1 40[01] /, JSON.stringify(garbage));
  }
  assert.equal((await client.get("/v2/", basic("ann"))).status, 200);
  assert.deepEqual(log.named("request failed"), []);
});

test("no user name reaches beyond its own rights, however it is sent", async (t) => {
  const { client, log } = await runGuardedBerth(new Scope(t), { rules, challenge: "bearer" });
  for (const user of [
    "../x",
    "ann\n",
    "ann\r\nX-Evil: 1",
    "@platform",
    "everyone",
    "ann\u0000",
    "*",
    "",
    "a".repeat(5_000),
  ]) {
    assert.equal((await client.get("/v2/", basic(user, "ann"))).status, 401, JSON.stringify(user));
    const form = new URLSearchParams({ grant_type: "password", username: user, password: "ann" });
    const answer = await client.request("POST", "/v2/_berth/token", {
      body: form.toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    assert.equal(answer.status, 401, JSON.stringify(user));
    assert.equal(answer.headers["x-evil"], undefined);
  }
  const colon = new URLSearchParams({ grant_type: "password", username: "ann:an", password: "n" });
  const answer = await client.request("POST", "/v2/_berth/token", { body: colon.toString() });
  assert.equal(answer.status, 401);
  assert.deepEqual(log.named("request failed"), []);
});

test("a user in the settings cannot be named like a path, a group or two names, nor have an invalid hash", async (t) => {
  const hash = `$2y$10$${"a".repeat(53)}`;
  for (const [user, written] of [
    ["../x", hash],
    ["a:b", hash],
    ["a\nb", hash],
    ["everyone", hash],
    ["@platform", hash],
    ["ann", "plain text"],
  ] as const) {
    const users = { hashes: { [user]: [written] } };
    await assert.rejects(
      runBerth(new Scope(t), { access: { users } } as never),
      (error) => error instanceof ConfigError && !error.message.includes("plain text"),
      user,
    );
  }
});

test("a scope never grants more than the rules, however it is written", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules, challenge: "bearer" });
  for (const scope of [
    "repository:team/a:*",
    "repository:*:pull",
    "repository:**:pull,push",
    "repository:bob/../team/a:push",
    "repository:bob/x%2f..%2fteam/a:push",
    "repository:BOB/x:push",
    "repository:team/a:pull repository:team/a:push",
    "registry:admin:*",
    "registry:team/a:push",
    "repository(plugin):team/a:push",
    "repository::push",
    "repository:bob/x:admin,cache",
    `repository:${"a/".repeat(3_000)}a:pull`,
    "constructor:__proto__:push",
  ]) {
    assert.equal((await tokenOf(client, scope, basic("bob"))).scope, "", scope);
  }
  const { token, scope } = await tokenOf(client, "repository:bob/x:* repository:team/a:pull", basic("bob"));
  assert.equal(scope, "repository:bob/x:pull,push");
  for (const path of ["/v2/team/a/tags/list", "/v2/_catalog"]) {
    assert.ok([401, 403].includes((await client.get(path, bearer(token))).status), path);
  }
});

test("no token is issued for a token: it would outlive its five minutes, and its scope", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules, challenge: "bearer" });
  const { token } = await tokenOf(client, "repository:team/a:pull", basic("ann"));
  assert.equal((await client.get("/v2/_berth/token?scope=registry:catalog:*", bearer(token))).status, 401);
});

test("content of another repository cannot be pulled by its digest, completely or in part", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  const { descriptor } = await pushSmallImage(client.with(basic("ann")), "team/a", "secret layer", { tag: "v1" });
  await pushSmallImage(client.with(basic("bob")), "bob/x", "own layer", { tag: "v1" });
  const secret = digestOf(Buffer.from("secret layer"));
  for (const method of ["GET", "HEAD"]) {
    for (const headers of [{}, { range: "bytes=0-1" }, { "if-none-match": `"${secret}"` }]) {
      for (const [path, user, status] of [
        [`/v2/bob/x/blobs/${secret}`, "bob", 404],
        [`/v2/bob/x/manifests/${descriptor.digest}`, "bob", 404],
        [`/v2/team/a/blobs/${secret}`, "bob", 403],
        [`/v2/team/a/manifests/${descriptor.digest}`, "bob", 403],
      ] as const) {
        const answer = await client.request(method, path, { headers: { ...basic(user), ...headers } });
        assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(headers)}`);
        assert.equal(answer.headers["x-cache"], undefined);
        assert.equal(answer.headers["docker-content-digest"], undefined);
      }
    }
  }
  const referrers = await client.get(`/v2/bob/x/referrers/${descriptor.digest}`, basic("bob"));
  assert.deepEqual(JSON.parse(referrers.body.toString()).manifests, []);
  const named = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: secret, size: 12 },
    layers: [],
  });
  const pushed = await client.request("PUT", "/v2/bob/x/manifests/v2", { body: named, headers: basic("bob") });
  assert.deepEqual([pushed.status, errorCodeOf(pushed)], [400, "MANIFEST_BLOB_UNKNOWN"]);
});

test("no spelling of a path bypasses a rule", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runGuardedBerth(scope, { rules });
  await pushSmallImage(client.with(basic("ann")), "team/a", "secret layer", { tag: "v1" });
  const digest = digestOf(Buffer.from("secret layer"));
  for (const path of [
    "/v2/public/%2e%2e/team/a/tags/list",
    "/v2/public/../team/a/tags/list",
    "/v2/public/..%2fteam/a/tags/list",
    "/v2/team%2fa/tags/list",
    "/v2/team%252fa/tags/list",
    "/v2/%74eam/a/tags/list",
    "//v2/team/a/tags/list",
    "/v2//team/a/tags/list",
    "/v2/team//a/tags/list",
    "/v2/team/a;x/tags/list",
    "/v2/team/a/tags/list;x",
    "/v2/team/a/tags/list/",
    "/v2/team/a/tags/list?ns=public",
    "/v2/team/a/tags/list?ns=docker.io",
    "/v2/team/a/tags/list?scope=public/a&name=public/a",
    "/V2/team/a/tags/list",
    "/v2/TEAM/a/tags/list",
    "/v2/team\\a/tags/list",
    "/v2/team/a%00/tags/list",
    "/v2/team/a/tags/list%3fx",
    `/v2/public/x/blobs/uploads/../../../team/a/blobs/${digest}`,
    `/v2/public/x/blobs/${digest}`,
    "/v2/_berth/token/../team/a/tags/list",
    "http://elsewhere/v2/team/a/tags/list",
  ]) {
    for (const headers of ["", `Authorization: ${basic("bob").authorization}\r\n`]) {
      const answer = await exchangeRaw(
        scope,
        port,
        `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}Connection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 (400|401|403|404) /, path);
      assert.doesNotMatch(answer, /secret layer|"v1"/, path);
    }
  }
});

test("nothing in a name, a scope or a host starts another header or ends a header's value", async (t) => {
  const scope = new Scope(t);
  const { port } = await runGuardedBerth(scope, { rules, challenge: "bearer" });
  for (const target of [
    "/v2/team/a%0d%0aX-Evil:%201/tags/list",
    "/v2/team/a%22,error=%22x/tags/list",
    "/v2/team/a/manifests/v1%0d%0aX-Evil:%201",
    "/v2/team/a/tags/list?ns=x%0d%0aX-Evil:%201",
    "/v2/team/a/tags/list?last=x%0d%0aX-Evil:%201&n=1",
    "/v2/_berth/token?scope=repository:team/a%0d%0aX-Evil:%201:pull&service=x%0d%0aX-Evil:%201",
    "/v2/public/a/blobs/uploads/?from=x%0d%0aX-Evil:%201",
  ]) {
    for (const host of ["a", 'a"x', "a,error=x", "a@b/.."]) {
      const answer = await exchangeRaw(
        scope,
        port,
        `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      const [head = ""] = answer.split("\r\n\r\n");
      assert.doesNotMatch(head, /x-evil/i, target);
      assert.match(head, /^HTTP\/1\.1 (200|400|401|404|405) /, target);
      const challenge = /^www-authenticate: (.*)$/im.exec(head)?.[1];
      if (challenge !== undefined)
        assert.match(challenge, /^(Basic realm="berth"|Bearer( ?[a-z]+="[^"\\]*",?)+)$/, `${target} ${host}`);
    }
  }
});

test("a revoked access token is refused within five seconds where it was in use, and so are tokens issued for it", async (t) => {
  const scope = new Scope(t);
  const { client, storage } = await runGuardedBerth(scope, { rules, challenge: "bearer" });
  const password = await new AccessTokens(storage.accessTokens).create({ user: "ann", scopes: ["push:team/*"] });
  const { token } = await tokenOf(client, "repository:team/a:pull,push", basic("ann", password));
  const upload = (headers: Parameters<RegistryClient["get"]>[1], name = "team/a") =>
    client.request("POST", `/v2/${name}/blobs/uploads/`, { ...(headers && { headers }) });
  assert.equal((await upload(bearer(token))).status, 202);
  assert.equal((await upload(basic("ann", password))).status, 202);
  assert.equal((await upload(basic("ann", password), "team/a/b")).status, 403);
  assert.equal((await client.get("/v2/", basic("ann", `${password.slice(0, -1)}_`))).status, 401);
  const [record] = await storage.accessTokens.list();
  assert.equal(await storage.accessTokens.remove(record?.id ?? ""), true);
  await waitUntil("both are refused", async () => {
    const answers = await Promise.all([upload(bearer(token)), upload(basic("ann", password))]);
    return answers.every(({ status }) => status === 401) ? true : undefined;
  });
  // Another process, which has never seen the token, refuses it at once.
  const other = await runBerth(scope, { opened: storage, access: { challenge: "bearer" } } as never);
  assert.equal((await other.client.get("/v2/", basic("ann", password))).status, 401);
});

test("a running request continues after its user is removed, and no new one begins", async (t) => {
  const { client, users } = await runGuardedBerth(new Scope(t), { rules });
  const started = await client.request("POST", "/v2/team/a/blobs/uploads/", { headers: basic("ann") });
  const place = started.headers.location ?? "";
  const running = client.start("PATCH", place, { ...basic("ann"), "transfer-encoding": "chunked" });
  await running.send(Buffer.from("first"));
  await users.replaceWith(await htpasswdLines({ bob: "bob" }));
  await running.send(Buffer.from("second"));
  assert.equal((await running.end()).status, 202);
  assert.equal((await client.request("PATCH", place, { body: "x", headers: basic("ann") })).status, 401);
  assert.equal((await client.get("/v2/team/a/tags/list", basic("ann"))).status, 401);
});

test("after a reload that takes a right away requests that began end well, and nothing new begins", async (t) => {
  const scope = new Scope(t);
  // On a disk, so that the key that signs tokens stays the same.
  const root = await scope.folder("data");
  const options = { rules, challenge: "bearer" } as const;
  const { client, prepare, access } = await runGuardedBerth(scope, options, { root });
  await pushSmallImage(client.with(basic("ann")), "team/a", "secret layer", { tag: "v1" });
  const { token } = await tokenOf(client, "repository:team/a:pull,push,delete registry:catalog:*", basic("ann"));
  const started = await client.request("POST", "/v2/team/a/blobs/uploads/", { headers: bearer(token) });
  const place = started.headers.location ?? "";
  const running = client.start("PATCH", place, { ...bearer(token), "transfer-encoding": "chunked" });
  await running.send(Buffer.from("first"));

  const fewer = rules.filter(({ to }) => to !== "ann");
  (await prepare({ access: { ...access, rules: fewer } } as Parameters<typeof prepare>[0]))();

  await running.send(Buffer.from("second"));
  assert.equal((await running.end()).status, 202);
  const digest = digestOf(Buffer.from("secret layer"));
  for (const headers of [bearer(token), basic("ann")]) {
    for (const [method, path] of [
      ["GET", "/v2/team/a/manifests/v1"],
      ["HEAD", `/v2/team/a/blobs/${digest}`],
      ["GET", "/v2/team/a/tags/list"],
      ["GET", `/v2/team/a/referrers/${digest}`],
      ["PATCH", place],
      ["PUT", `${place}&digest=${digest}`],
      ["DELETE", place],
      ["DELETE", "/v2/team/a/manifests/v1"],
      ["POST", "/v2/team/a/blobs/uploads/"],
    ] as const) {
      assert.equal((await client.request(method, path, { headers })).status, 403, `${method} ${path}`);
    }
  }
  const catalog = await client.get("/v2/_catalog", bearer(token));
  assert.deepEqual(JSON.parse(catalog.body.toString()).repositories, []);
  const mount = `/v2/bob/x/blobs/uploads/?mount=${digest}&from=team/a`;
  assert.equal((await client.request("POST", mount, { headers: basic("bob") })).status, 202);
  assert.equal((await tokenOf(client, "repository:team/a:pull,push", basic("ann"))).scope, "");
});
