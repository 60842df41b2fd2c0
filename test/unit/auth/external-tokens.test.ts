import assert from "node:assert/strict";
import { createHmac, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import test from "node:test";
import { CompactSign, createLocalJWKSet, exportJWK, type JWTPayload, SignJWT } from "jose";
import { ExternalTokens } from "../../../src/auth/tokens/external-tokens.js";
import { libtrustIdOf } from "../../../src/auth/tokens/libtrust-id.js";
import { thumbprintOf } from "../../../src/auth/tokens/token-keys.js";
import { type Certificate, CertificateAuthority } from "../../support/certificates.js";
import { Scope } from "../../support/scope.js";

const access = [{ type: "repository", name: "team/app", actions: ["pull"] }];

interface Signer {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly x5c: readonly string[];
}

function signerOf({ cert, key }: Certificate): Signer {
  const certificate = new X509Certificate(cert);
  return { key: createPrivateKey(key), certificate, x5c: [certificate.raw.toString("base64")] };
}

function sign({ key }: Signer, header: Readonly<Record<string, unknown>>, claims: JWTPayload = {}): Promise<string> {
  return new SignJWT({ iss: "auth", aud: "registry", sub: "ann", access, ...claims })
    .setProtectedHeader({ alg: "ES256", ...header })
    .setExpirationTime(claims.exp ?? "5m")
    .sign(key);
}

async function setting(t: test.TestContext) {
  const scope = new Scope(t);
  const [authority, stranger] = [await CertificateAuthority.create(scope), await CertificateAuthority.create(scope)];
  const signer = signerOf(await authority.issue("signer", ["DNS:auth"]));
  const other = signerOf(await stranger.issue("other", ["DNS:auth"]));
  const create = (roots: readonly X509Certificate[], keySet?: Parameters<typeof ExternalTokens.create>[0]["keySet"]) =>
    ExternalTokens.create({ realm: "https://auth/token", service: "registry", issuer: "auth", roots, keySet });
  return { authority, signer, other, create };
}

test("a key is found by libtrust's id, by its thumbprint, by its certificates, and in a key set", async (t) => {
  const { authority, signer, create } = await setting(t);
  const { publicKey } = signer.certificate;
  const jwk = await exportJWK(publicKey);
  const byKey = await create([signer.certificate]);
  const byAuthority = await create([new X509Certificate(authority.cert)]);
  const bySet = await create([], createLocalJWKSet({ keys: [{ ...jwk, kid: "k1" }] }));
  for (const [what, tokens, header] of [
    ["registry 2.8", byKey, { kid: libtrustIdOf(publicKey) }],
    ["registry 3", byKey, { kid: await thumbprintOf(publicKey) }],
    ["libtrust's own header", byKey, { jwk }],
    ["a chain", byAuthority, { x5c: signer.x5c }],
    ["a chain in a key", byAuthority, { jwk: { ...jwk, x5c: signer.x5c } }],
    ["a key set", bySet, { kid: "k1" }],
  ] as const) {
    const found = await tokens.identify(await sign(signer, header));
    assert.equal(found?.identity.user, "ann", what);
    assert.equal(found?.identity.ceiling?.allows("pull", "team/app" as never), true, what);
    assert.equal(found?.identity.ceiling?.allows("push", "team/app" as never), false, what);
  }
});

test("a token whose key is proved only by the token itself is refused", async (t) => {
  const { authority, signer, other, create } = await setting(t);
  const jwk = await exportJWK(other.certificate.publicKey);
  const roots = [new X509Certificate(authority.cert), signer.certificate];
  const tokens = await create(roots, createLocalJWKSet({ keys: [{ ...jwk, kid: "else", alg: "RS256" }] }));
  const kid = libtrustIdOf(signer.certificate.publicKey);
  const now = Math.floor(Date.now() / 1000);
  const good = await sign(signer, { kid });
  const [, payload = ""] = good.split(".");
  const said = Buffer.from(payload, "base64url").toString();
  const encode = (header: object) => Buffer.from(JSON.stringify(header)).toString("base64url");
  const hs256 = `${encode({ alg: "HS256", kid })}.${payload}`;
  const publicPem = signer.certificate.publicKey.export({ format: "pem", type: "spki" }).toString();
  const wrong = {
    "an embedded key": await sign(other, { jwk }),
    "an embedded key with the id of ours": await sign(other, { jwk: { ...jwk, kid } }),
    "an embedded key together with the id of ours": await sign(other, { kid, jwk }),
    "a chain of another signer": await sign(other, { x5c: other.x5c }),
    "our chain, and another key": await sign(other, { x5c: signer.x5c }),
    "another signer's chain that ends in ours": await sign(other, { x5c: [...other.x5c, ...signer.x5c] }),
    "an empty chain": await sign(other, { x5c: [] }),
    "another issuer": await sign(signer, { kid }, { iss: "else" }),
    "another service": await sign(signer, { kid }, { aud: "else" }),
    "an expired token": await sign(signer, { kid }, { exp: now - 120 }),
    "a token that is not valid yet": await sign(signer, { kid }, { nbf: now + 120 }),
    "no algorithm": `${encode({ alg: "none", kid })}.${payload}.`,
    "the public key as a secret": `${hs256}.${createHmac("sha256", publicPem).update(hs256).digest("base64url")}`,
    "a claim that stands twice": await new CompactSign(Buffer.from(said.replace("{", '{"sub":"root",')))
      .setProtectedHeader({ alg: "ES256", kid })
      .sign(signer.key),
    "a megabyte": `${good}${"a".repeat(1024 * 1024)}`,
    garbage: "a.b.c",
  };
  assert.ok(await tokens.identify(good));
  for (const [what, token] of Object.entries(wrong)) assert.equal(await tokens.identify(token), undefined, what);
});
