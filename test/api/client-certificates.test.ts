import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateAuthority } from "../support/certificates.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { askByTls, type TlsRequest } from "../support/tls-client.js";
import { waitUntil } from "../support/wait-until.js";

async function authorityAndTls(scope: Scope, clientAuth: "request" | "require") {
  const authority = await CertificateAuthority.create(scope);
  const { cert, key } = await authority.issue("server", ["IP:127.0.0.1"]);
  const tls = {
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    minVersion: "TLSv1.2" as const,
    clientCa: [Buffer.from(authority.cert)],
    clientAuth,
  };
  return { authority, tls };
}

const rules = [
  { allow: ["push", "delete"], to: "@platform", in: "team/**" },
  { allow: "pull", to: "bob", in: "team/**" },
] as const;

/** ann is in the group platform, and bob may pull. */
async function startGuarded(scope: Scope, access: Parameters<typeof runGuardedBerth>[1] = {}) {
  const { authority, tls } = await authorityAndTls(scope, "request");
  const { port } = await runGuardedBerth(scope, { rules, ...access }, { settings: { tls } } as object);
  const ask = (path: string, request?: TlsRequest) => askByTls(port, authority.cert, path, request);
  return { authority, port, ask };
}

test("if certificates are required, only health checks are answered without one", async (t) => {
  const scope = new Scope(t);
  const { authority, tls } = await authorityAndTls(scope, "require");
  const { port } = await runBerth(scope, { settings: { tls } });
  const stranger = await CertificateAuthority.create(scope);
  const shown = [
    [await authority.issue("ann", ["DNS:ann"]), 200, /^{}$/],
    [undefined, 403, /a client certificate is required/],
    [await stranger.issue("ann", ["DNS:ann"]), 403, /the client certificate is not accepted: unable to/],
  ] as const;
  for (const [certificate, status, body] of shown) {
    for (const path of ["/v2/", "/v2/_catalog", "/"]) {
      const answer = await askByTls(port, authority.cert, path, { certificate });
      if (path === "/v2/" || status !== 200) assert.equal(answer.status, status, path);
      if (path === "/v2/") assert.match(answer.body, body);
    }
    assert.equal((await askByTls(port, authority.cert, "/healthz", { certificate })).status, 200);
  }
});

test("the audit trail records a client that is refused for its certificate", async (t) => {
  const scope = new Scope(t);
  const { authority, tls } = await authorityAndTls(scope, "require");
  const file = join(await scope.folder("audit"), "audit.jsonl");
  const { port } = await runBerth(scope, { settings: { tls }, access: { open: true, audit: { file } } } as object);
  assert.equal((await askByTls(port, authority.cert, "/v2/")).status, 403);
  const text = await waitUntil("the line", async () => (await readFile(file, "utf8")) || undefined);
  assert.match(
    text,
    /"event":"access denied","user":null,.*"path":"\/v2\/","reason":"a client certificate is required/,
  );
});

test("a resumed TLS session is worth the certificate of its first handshake, and nothing without one", async (t) => {
  const scope = new Scope(t);
  const { authority, tls } = await authorityAndTls(scope, "require");
  const { port } = await runBerth(scope, { settings: { tls } });
  const ann = await authority.issue("ann", ["DNS:ann"]);
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const [certificate, status] of [
      [undefined, 403],
      [ann, 200],
    ] as const) {
      // Keeps no connection, but sessions.
      const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
      for (let count = 0; count < 3; count++) {
        const answer = await askByTls(port, authority.cert, "/v2/", { certificate, agent, options: { maxVersion } });
        assert.equal(answer.status, status, `${maxVersion}, ${certificate === undefined ? "without" : "with"}`);
      }
    }
  }
});

test("the user of a certificate has its groups and rights by the rules, and needs no password", async (t) => {
  const scope = new Scope(t);
  const { authority, ask } = await startGuarded(scope);
  const ann = await authority.issue("ann", ["DNS:other.example.com"]);
  const bob = await authority.issue("bob", ["DNS:bob"]);
  const upload = { method: "POST" };
  assert.equal((await ask("/v2/")).status, 401);
  assert.equal((await ask("/v2/", { certificate: ann })).status, 200);
  assert.equal((await ask("/v2/team/app/blobs/uploads/", { ...upload, certificate: ann })).status, 202);
  assert.equal((await ask("/v2/other/blobs/uploads/", { ...upload, certificate: ann })).status, 403);
  const refused = await ask("/v2/team/app/blobs/uploads/", { ...upload, certificate: bob });
  assert.equal(refused.status, 403);
  assert.match(refused.body, /bob may not push to team\/app/);
  // Podman sends these if it has no login.
  assert.equal((await ask("/v2/", { certificate: ann, headers: basic("", "") })).status, 200);
});

test("a login or a token takes precedence over a certificate", async (t) => {
  const scope = new Scope(t);
  const { authority, ask } = await startGuarded(scope, { challenge: "bearer" });
  const bob = await authority.issue("bob", ["DNS:bob"]);
  const upload = { method: "POST", certificate: bob };
  const path = "/v2/team/app/blobs/uploads/";
  assert.equal((await ask(path, upload)).status, 403);
  assert.equal((await ask(path, { ...upload, headers: basic("ann") })).status, 202);
  assert.equal((await ask(path, { ...upload, headers: basic("ann", "wrong") })).status, 401);
  const token = await ask("/v2/_berth/token?scope=repository:team/app:push", { headers: basic("ann") });
  assert.equal((await ask(path, { ...upload, headers: bearer(JSON.parse(token.body).token) })).status, 202);
});

test("a token issued for a certificate is valid only with that certificate", async (t) => {
  const scope = new Scope(t);
  const { authority, ask } = await startGuarded(scope, { challenge: "bearer" });
  const ann = await authority.issue("ann", ["DNS:ann"]);
  const again = await authority.issue("ann", ["DNS:ann"]);
  const issued = await ask("/v2/_berth/token?scope=repository:team/app:push,pull", { certificate: ann });
  assert.equal(issued.status, 200);
  const headers = bearer(JSON.parse(issued.body).token);
  const path = "/v2/team/app/blobs/uploads/";
  assert.equal((await ask(path, { method: "POST", headers, certificate: ann })).status, 202);
  for (const certificate of [undefined, again])
    assert.equal((await ask(path, { method: "POST", headers, certificate })).status, 401);
});
