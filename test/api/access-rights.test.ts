import assert from "node:assert/strict";
import test from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { basic, bearer, htpasswdLines, runGuardedBerth } from "../support/guarded-berth.js";
import { RawConnection, statusesIn } from "../support/raw-connection.js";
import { locationOf } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const rules = [
  { allow: "pull, push, delete", to: "ann", in: "team/**" },
  { allow: "pull, push", to: "bob", in: "bob/**" },
  { allow: "delete", to: "ci", in: "team/**" },
] as const;

test("lists show each client what it may pull, page by page, and no more", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  for (const name of ["team/a", "team/b", "team/c"])
    await pushSmallImage(client.with(basic("ann")), name, name, { tag: "v1" });
  await pushSmallImage(client.with(basic("bob")), "bob/x", "x", { tag: "v1" });
  const catalogOf = async (user: string, query = "") => {
    const answer = await client.get(`/v2/_catalog${query}`, basic(user));
    return { names: JSON.parse(answer.body.toString()).repositories, link: answer.headers.link };
  };
  assert.deepEqual((await catalogOf("ann")).names, ["team/a", "team/b", "team/c"]);
  assert.deepEqual((await catalogOf("bob")).names, ["bob/x"]);
  assert.deepEqual((await catalogOf("ci")).names, []);
  assert.deepEqual((await catalogOf("ann", "?n=2")).names, ["team/a", "team/b"]);
  assert.deepEqual((await catalogOf("ann", "?n=2&last=team/b")).names, ["team/c"]);
  assert.equal((await catalogOf("bob", "?n=1")).link, undefined);
});

test("a token for the catalog shows what its user may pull, and with one for a repository it is demanded", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules, challenge: "bearer" });
  await pushSmallImage(client.with(basic("ann")), "team/a", "layer", { tag: "v1" });
  await pushSmallImage(client.with(basic("bob")), "bob/x", "layer", { tag: "v1" });
  const tokenOf = async (scope: string) =>
    JSON.parse((await client.get(`/v2/_berth/token?scope=${scope}`, basic("bob"))).body.toString()).token;
  const listed = await client.get("/v2/_catalog", bearer(await tokenOf("registry:catalog:*")));
  assert.deepEqual(JSON.parse(listed.body.toString()).repositories, ["bob/x"]);
  const refused = await client.get("/v2/_catalog", bearer(await tokenOf("repository:bob/x:pull")));
  assert.equal(refused.status, 401);
  assert.match(refused.headers["www-authenticate"] ?? "", /scope="registry:catalog:\*",error="insufficient_scope"/);
});

test("what a client may not see is refused alike, whether it exists or not", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  const { descriptor } = await pushSmallImage(client.with(basic("ann")), "team/a", "layer", { tag: "v1" });
  const missing = digestOf(Buffer.from("nothing"));
  for (const digest of [descriptor.digest, missing]) {
    for (const path of [`manifests/${digest}`, `blobs/${digest}`, `referrers/${digest}`, "tags/list"]) {
      for (const name of ["team/a", "team/none"]) {
        const answer = await client.get(`/v2/${name}/${path}`, basic("bob"));
        assert.equal(answer.status, 403, `${name}/${path}`);
        assert.doesNotMatch(answer.body.toString(), /unknown/i);
      }
    }
  }
  assert.equal(
    (await client.head(`/v2/team/a/blobs/${descriptor.digest}`, { ...basic("bob"), range: "bytes=0-1" })).status,
    403,
  );
});

test("deletion needs its own right, and that right alone is enough", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  const image = await pushSmallImage(client.with(basic("ann")), "team/a", "layer", { tag: "v1" });
  await pushSmallImage(client.with(basic("bob")), "bob/x", "layer", { tag: "v1" });
  const remove = (path: string, user: string) => client.request("DELETE", path, { headers: basic(user) });
  assert.equal((await remove("/v2/bob/x/manifests/v1", "bob")).status, 403);
  assert.equal(
    (await client.request("PUT", "/v2/team/a/manifests/v2", { body: image.bytes, headers: basic("ci") })).status,
    403,
  );
  assert.equal((await client.request("POST", "/v2/team/a/blobs/uploads/", { headers: basic("ci") })).status, 403);
  assert.equal((await remove("/v2/team/a/manifests/v1", "ci")).status, 202);
});

test("a blob is mounted only from a repository that the client may read; otherwise it is uploaded", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules });
  await pushSmallImage(client.with(basic("ann")), "team/a", "secret layer", { tag: "v1" });
  const digest = digestOf(Buffer.from("secret layer"));
  const mount = (query: string, user: string, to: string) =>
    client.request("POST", `/v2/${to}/blobs/uploads/?mount=${digest}${query}`, { headers: basic(user) });
  assert.equal((await mount("&from=team/a", "bob", "bob/x")).status, 202);
  assert.equal((await mount("", "bob", "bob/x")).status, 202);
  assert.equal((await client.get(`/v2/bob/x/blobs/${digest}`, basic("bob"))).status, 404);
  assert.equal((await mount("&from=team/a", "ann", "team/b")).status, 201);
  assert.equal((await mount("", "ann", "team/c")).status, 201);
});

test("an upload session belongs to the user who opened it", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {
    rules: [{ allow: "push", to: "authenticated", in: "team/**" }],
  });
  const [ann, bob] = [client.with(basic("ann")), client.with(basic("bob"))];
  const started = await ann.request("POST", "/v2/team/a/blobs/uploads/");
  const place = locationOf(started);
  for (const method of ["GET", "PATCH", "DELETE"]) {
    assert.equal((await bob.request(method, place, method === "PATCH" ? { body: "x" } : {})).status, 404, method);
  }
  assert.equal(
    (await bob.request("PUT", locationOf(started, `digest=${digestOf(Buffer.from("x"))}`), { body: "x" })).status,
    404,
  );
  assert.equal((await ann.request("PATCH", place, { body: "x" })).status, 202);
  assert.equal((await ann.request("DELETE", place)).status, 204);
});

test("a user who is removed from the file is locked out at once, with the tokens issued for its password", async (t) => {
  const scope = new Scope(t);
  const { client, users } = await runGuardedBerth(scope, { rules, anonymousPull: false });
  const token = JSON.parse(
    (await client.get("/v2/_berth/token?scope=repository:team/a:pull,push", basic("ann"))).body.toString(),
  ).token;
  const start = () => client.request("POST", "/v2/team/a/blobs/uploads/", { headers: bearer(token) });
  assert.equal((await start()).status, 202);
  await users.replaceWith(await htpasswdLines({ bob: "bob" }));
  assert.equal((await start()).status, 401);
  assert.equal((await client.get("/v2/", basic("ann"))).status, 401);
  assert.equal((await client.get("/v2/", basic("bob"))).status, 200);
});

test("on a connection that stays open, each request is answered by its own credentials, and by what they may do now", async (t) => {
  const scope = new Scope(t);
  const { client, port, users, prepare, access } = await runGuardedBerth(scope, { rules, challenge: "bearer" });
  await pushSmallImage(client.with(basic("ann")), "team/a", "layer", { tag: "v1" });
  const answer = await client.get("/v2/_berth/token?scope=repository:team/a:pull", basic("ann"));
  const token = bearer(JSON.parse(answer.body.toString()).token);
  const connection = await RawConnection.open(scope, port);
  let count = 0;
  /** The status of a request on the connection. */
  const pull = async ({ authorization }: { authorization?: unknown }) => {
    const header = authorization === undefined ? "" : `Authorization: ${authorization}\r\n`;
    connection.send(`HEAD /v2/team/a/manifests/v1 HTTP/1.1\r\nHost: a\r\n${header}\r\n`);
    count++;
    return statusesIn(await connection.receive(new RegExp(`(HTTP/1.1 [^]*\r\n\r\n){${count}}`))).at(-1);
  };
  for (const _ of [1, 2]) {
    assert.equal(await pull(basic("ann")), 200);
    assert.equal(await pull({}), 401);
    assert.equal(await pull(basic("bob")), 403);
    assert.equal(await pull(token), 200);
    assert.equal(await pull(basic("ann", "wrong")), 401);
  }
  const allowing = (to: string) =>
    ({ access: { ...access, rules: [{ allow: "pull", to, in: "team/**" }] } }) as Parameters<typeof prepare>[0];
  (await prepare(allowing("bob")))();
  assert.deepEqual([await pull(token), await pull(basic("ann")), await pull(basic("bob"))], [403, 403, 200]);
  (await prepare(allowing("ann")))();
  assert.deepEqual([await pull(token), await pull(basic("bob")), await pull(basic("ann"))], [200, 403, 200]);
  await users.replaceWith(await htpasswdLines({ bob: "bob" }));
  assert.deepEqual([await pull(basic("ann")), await pull(token)], [401, 401]);
});

test("a mount with a token for one repository gets the scopes of both, if the client could have them", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules, challenge: "bearer" });
  await pushSmallImage(client.with(basic("ann")), "team/a", "layer", { tag: "v1" });
  const answer = await client.get("/v2/_berth/token?scope=repository:team/b:pull,push", basic("ann"));
  const { token } = JSON.parse(answer.body.toString());
  const path = `/v2/team/b/blobs/uploads/?mount=${digestOf(Buffer.from("layer"))}&from=`;
  const refused = await client.request("POST", `${path}team/a`, { headers: bearer(token) });
  assert.equal(refused.status, 401);
  assert.match(
    refused.headers["www-authenticate"] ?? "",
    /scope="repository:team\/b:pull,push repository:team\/a:pull",error="insufficient_scope"/,
  );
  // What ann may not read with any token is uploaded as usual.
  assert.equal((await client.request("POST", `${path}bob/x`, { headers: bearer(token) })).status, 202);
});
