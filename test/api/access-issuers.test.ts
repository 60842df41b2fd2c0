import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { CertificateAuthority } from "../support/certificates.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { IdentityIssuer, type IdentityIssuerOptions } from "../support/identity-issuer.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const job = { repository: "owner/app", repository_id: "77", ref: "refs/heads/main", sub: "repo:owner/app" };

interface Setting extends Omit<IdentityIssuerOptions, "certificate"> {
  readonly claims?: Readonly<Record<string, string>>;
  readonly keys?: Readonly<Record<string, string>>;
  readonly issuer?: IdentityIssuer;
}

/** A Berth that lets jobs of one repository push below team/. */
async function run(scope: Scope, { claims, keys, ...options }: Setting = {}) {
  const issuer = options.issuer ?? (await IdentityIssuer.start(scope, options));
  const berth = await runGuardedBerth(scope, {
    issuers: [
      {
        name: "ci",
        issuer: issuer.url,
        audience: "berth",
        identities: [{ claims: claims ?? { repository_id: "77" }, user: "$" + "{repository}", scopes: "push:team/*" }],
        ...keys,
      },
    ],
    rules: [
      { allow: "push", to: "authenticated", in: "team/**" },
      { allow: "pull", to: "authenticated", in: "other/**" },
      { allow: "push", to: "ann", in: "**" },
    ],
    // A map of strings in the settings; written as one here.
  } as unknown as Parameters<typeof runGuardedBerth>[1]);
  return { ...berth, issuer };
}

function push(client: RegistryClient, headers: Parameters<RegistryClient["get"]>[1], name = "team/app") {
  return client.request("POST", `/v2/${name}/blobs/uploads/`, { ...(headers && { headers }) });
}

async function exchange(client: RegistryClient, token: string, scope = "repository:team/app:pull,push") {
  const answer = await client.get(`/v2/_berth/token?scope=${scope}`, basic("ci", token));
  return { status: answer.status, ...JSON.parse(answer.body.toString()) };
}

test("an identity token is accepted as a password, as a Bearer token, and in exchange for one of ours", async (t) => {
  const { client, issuer } = await run(new Scope(t));
  const token = await issuer.sign(job);
  assert.equal((await push(client, basic("any", token))).status, 202);
  assert.equal((await push(client, bearer(token))).status, 202);
  const { token: ours, scope } = await exchange(client, token);
  assert.equal(scope, "repository:team/app:pull,push");
  assert.equal((await push(client, bearer(ours))).status, 202);
  assert.equal((await push(client, bearer(ours), "other/app")).status, 403);
  assert.equal((await push(client, basic("any", token), "team/a/b")).status, 403);
});

test("our token is never wider than the scopes of the credential that it was issued for", async (t) => {
  const { client, issuer } = await run(new Scope(t));
  for (const name of ["team/app", "other/app"]) await pushSmallImage(client.with(basic("ann")), name, name);
  const token = await issuer.sign(job);
  const { token: catalog } = await exchange(client, token, "registry:catalog:*");
  const listed = await client.get("/v2/_catalog", bearer(catalog));
  assert.deepEqual(JSON.parse(listed.body.toString()).repositories, ["team/app"]);
  assert.equal((await client.get("/v2/other/app/tags/list", bearer(catalog))).status, 403);
  assert.equal((await client.get("/v2/_berth/token", bearer(catalog))).status, 401);
  assert.equal((await client.get("/v2/_berth/token?scope=repository:team/app:push", bearer(token))).status, 200);
});

test("a token that is not from the issuer, not for us, or has a repeated claim is refused", async (t) => {
  const { client, issuer, log } = await run(new Scope(t));
  const good = await issuer.sign(job);
  const [, payload = ""] = good.split(".");
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const said = Buffer.from(payload, "base64url").toString();
  const other = await generateKeyPair("RS256", { extractable: true });
  const embedded = { alg: "RS256", jwk: await exportJWK(other.publicKey) };
  const past = Math.floor(Date.now() / 1000) - 120;
  const hs256 = `${encode('{"alg":"HS256"}')}.${payload}`;
  const wrong: Record<string, string> = {
    "no algorithm": `${encode('{"alg":"none"}')}.${payload}.`,
    "an HMAC": `${hs256}.${createHmac("sha256", "key").update(hs256).digest("base64url")}`,
    "an embedded key": await new SignJWT(JSON.parse(said)).setProtectedHeader(embedded).sign(other.privateKey),
    "another audience": await issuer.sign({ ...job, aud: "else" }),
    "an expired token": await issuer.sign({ ...job, exp: past }),
    "a token that is not valid yet": await issuer.sign({ ...job, nbf: past + 400 }),
    "other claims": await issuer.sign({ ...job, repository_id: "78" }),
    "no claims": await issuer.sign({}),
    "a repeated claim": await issuer.signText(said.replace("{", '{"repository_id":"78",')),
    "a user name with a line break": await issuer.sign({ ...job, repository: "a\nb" }),
  };
  for (const [what, token] of Object.entries(wrong)) {
    assert.equal((await push(client, basic("any", token))).status, 401, what);
    assert.equal((await push(client, bearer(token))).status, 401, what);
  }
  assert.doesNotMatch(JSON.stringify(log.events), new RegExp(good.slice(-40)));
});

test("made-up keys make Berth fetch the keys once, and a really new key is found", async (t) => {
  const { client, issuer } = await run(new Scope(t));
  await issuer.rotate();
  assert.equal((await push(client, basic("any", await issuer.sign(job)))).status, 202);
  assert.equal(issuer.asked, 1);
  for (let count = 0; count < 10; count++) {
    assert.equal((await push(client, basic("any", await issuer.sign(job, { kid: `made-up-${count}` })))).status, 401);
  }
  assert.equal(issuer.asked, 1);
});

test("cached keys stay valid while the issuer is unreachable; without any, its tokens are refused, and other clients are served", async (t) => {
  const scope = new Scope(t);
  const { client, issuer } = await run(scope);
  const [first, second] = [await issuer.sign(job), await issuer.sign({ ...job, jti: "2" })];
  assert.equal((await push(client, basic("any", first))).status, 202);
  issuer.goAway();
  assert.equal((await push(client, basic("any", second))).status, 202);
  const away = await IdentityIssuer.start(scope);
  const token = await away.sign(job);
  const { client: without } = await run(scope, { issuer: away });
  away.goAway();
  assert.equal((await push(without, basic("any", token))).status, 401);
  assert.equal((await push(without, basic("ann"))).status, 202);
});

test("an issuer that does not answer keeps no one else waiting", async (t) => {
  const { client, issuer } = await run(new Scope(t));
  issuer.isSilent = true;
  const waiting = push(client, basic("any", await issuer.sign(job)));
  assert.equal((await push(client, basic("ann"))).status, 202);
  assert.equal((await waiting).status, 401);
});

test("a discovery document of another issuer, or without keys, is not accepted", async (t) => {
  const scope = new Scope(t);
  const other = await IdentityIssuer.start(scope);
  for (const discovery of [
    { issuer: other.url },
    { issuer: undefined },
    { jwks_uri: "file:///etc/passwd" },
    { jwks_uri: undefined },
  ]) {
    const issuer = await IdentityIssuer.start(scope);
    issuer.discovery = discovery;
    const { client } = await run(scope, { issuer });
    assert.equal((await push(client, basic("any", await issuer.sign(job)))).status, 401, JSON.stringify(discovery));
  }
});

test("the keys of a Kubernetes API server are fetched with its authority and a service account token", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("serviceaccount");
  const authority = await CertificateAuthority.create(scope);
  const certificate = await authority.issue("api", ["IP:127.0.0.1"]);
  const issuer = await IdentityIssuer.start(scope, { certificate, bearerToken: "hush-sa-token" });
  const [caFile, bearerTokenFile] = [join(folder, "ca.crt"), join(folder, "token")];
  await writeFile(caFile, authority.cert);
  await writeFile(bearerTokenFile, "hush-sa-token\n");
  const account = {
    sub: "system:serviceaccount:ci:builder",
    aud: ["berth", "https://kubernetes.default.svc"],
    repository: "builder",
    "kubernetes.io": { namespace: "ci", serviceaccount: { name: "builder", uid: "1-2-3" } },
  };
  const claims = { "kubernetes.io/namespace": "ci" };
  const { client, log } = await run(scope, { issuer, claims, keys: { caFile, bearerTokenFile } });
  assert.equal((await push(client, basic("any", await issuer.sign(account)))).status, 202);
  const elsewhere = { ...account, "kubernetes.io": { namespace: "default" } };
  assert.equal((await push(client, basic("any", await issuer.sign(elsewhere)))).status, 401);
  assert.doesNotMatch(JSON.stringify(log.events), /hush/);
  const { client: stranger } = await run(scope, { issuer, claims, keys: { caFile } });
  assert.equal((await push(stranger, basic("any", await issuer.sign(account)))).status, 401);
});

test("the token for an issuer's keys is never sent to an address that only the issuer names", async (t) => {
  const scope = new Scope(t);
  const bearerTokenFile = join(await scope.folder("serviceaccount"), "token");
  await writeFile(bearerTokenFile, "hush");
  const elsewhere = await IdentityIssuer.start(scope, { bearerToken: "hush" });
  const issuer = await IdentityIssuer.start(scope);
  issuer.discovery = { jwks_uri: `${elsewhere.url}/keys` };
  const { client } = await run(scope, { issuer, keys: { bearerTokenFile } });
  assert.equal((await push(client, basic("any", await elsewhere.sign({ ...job, iss: issuer.url })))).status, 401);
  assert.equal(elsewhere.asked, 0);
  const named = await run(scope, { issuer, keys: { bearerTokenFile, jwksUrl: `${elsewhere.url}/keys` } });
  assert.equal((await push(named.client, basic("any", await elsewhere.sign({ ...job, iss: issuer.url })))).status, 202);
});

test("an identity that depends on names which can pass to others causes a warning at the start", async (t) => {
  const scope = new Scope(t);
  const event = "an identity rule is weak";
  const issuer = await IdentityIssuer.start(scope);
  for (const [claims, isWeak] of [
    [{ repository: "owner/app" }, true],
    [{ sub: "repo:owner/app:ref:refs/heads/main" }, true],
    [{ sub: "project_path:team/app:ref_type:branch:ref:main" }, true],
    [{ namespace_path: "team", ref: "main" }, true],
    [{ repository: "owner/app", repository_id: "77" }, false],
    [{ sub: "repo:owner@12/app@77:ref:refs/heads/main" }, false],
    [{ sub: "system:serviceaccount:ci:builder" }, false],
    [{ project_id: "7" }, false],
  ] as const) {
    const { log } = await run(scope, { issuer, claims });
    assert.equal(log.named(event).length, isWeak ? 1 : 0, JSON.stringify(claims));
  }
});
