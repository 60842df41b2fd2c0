import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test from "node:test";
import { CompactSign, exportJWK, SignJWT } from "jose";
import { RegistryTokens, tokenLifetime } from "../../../src/auth/tokens/registry-tokens.js";
import { createTokenKey, readTokenKey, type TokenKey, tokenKeyOfSeed } from "../../../src/auth/tokens/token-keys.js";

const claims = {
  user: "ann",
  groups: ["team"],
  credential: { kind: "password", id: "abc" },
  limits: [],
  granted: [],
} as const;

async function newKey(): Promise<TokenKey> {
  return readTokenKey(createTokenKey());
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

test("a token carries what it was issued for, to every holder of the key", async () => {
  const key = await newKey();
  const token = await new RegistryTokens("berth", [key]).issue(claims);
  const verified = await new RegistryTokens("berth", [key]).verify(token);
  assert.equal(verified?.token.user, "ann");
  assert.deepEqual(verified?.token.credential, claims.credential);
});

test("after a key rotation, old tokens are accepted as long as their key is configured", async () => {
  const [old, next] = [await newKey(), await newKey()];
  const token = await new RegistryTokens("berth", [old]).issue(claims);
  assert.notEqual(await new RegistryTokens("berth", [next, old]).verify(token), undefined);
  assert.equal(await new RegistryTokens("berth", [next]).verify(token), undefined);
});

test("a token with another signature, audience or time is invalid", async () => {
  const key = await newKey();
  const tokens = new RegistryTokens("berth", [key]);
  const good = await tokens.issue(claims);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const said = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const sign = (change: Record<string, unknown>, by = key, head: Record<string, unknown> = {}) =>
    new SignJWT({ ...said, ...change }).setProtectedHeader({ alg: "EdDSA", kid: key.id, ...head }).sign(by.privateKey);
  const now = Math.floor(Date.now() / 1000);
  const other = await newKey();
  const publicPem = key.publicKey.export({ format: "pem", type: "spki" }).toString();
  const hs256 = `${encode({ alg: "HS256", kid: key.id })}.${payload}`;
  const wrong: Record<string, string> = {
    "no algorithm": `${encode({ alg: "none", kid: key.id })}.${payload}.`,
    "the public key as a secret": `${hs256}.${createHmac("sha256", publicPem).update(hs256).digest("base64url")}`,
    "another key with our id": await sign({}, other),
    "an embedded key": await sign({}, other, { kid: "x", jwk: await exportJWK(other.publicKey) }),
    "a changed payload": `${header}.${encode({ ...said, sub: "root" })}.${signature}`,
    "a repeated claim": await new CompactSign(Buffer.from(JSON.stringify(said).replace("{", '{"sub":"root",')))
      .setProtectedHeader({ alg: "EdDSA", kid: key.id })
      .sign(key.privateKey),
    "another issuer": await sign({ iss: "else" }),
    "another audience": await sign({ aud: "else" }),
    "an expired token": await sign({ exp: now - 120 }),
    "a token that is not valid yet": await sign({ nbf: now + 120 }),
    "no end": await sign({ exp: undefined }),
    "a megabyte": `${good}${"a".repeat(1024 * 1024)}`,
    nothing: "",
    "two parts": `${header}.${payload}`,
  };
  for (const [what, token] of Object.entries(wrong)) assert.equal(await tokens.verify(token), undefined, what);
});

test("a token is accepted until its end, within the tolerance for clocks that differ", async () => {
  const key = await newKey();
  const tokens = new RegistryTokens("berth", [key]);
  const token = await tokens.issue(claims, Date.now() - (tokenLifetime + 30) * 1000);
  assert.notEqual(await tokens.verify(token), undefined);
  const old = await tokens.issue(claims, Date.now() - (tokenLifetime + 90) * 1000);
  assert.equal(await tokens.verify(old), undefined);
});

test("workers with the same seed accept each other's tokens, workers with a different seed do not", async () => {
  const keyOf = (byte: number) => readTokenKey(tokenKeyOfSeed(Buffer.alloc(32, byte)));
  const token = await new RegistryTokens("berth", [await keyOf(1)]).issue(claims);
  assert.notEqual(await new RegistryTokens("berth", [await keyOf(1)]).verify(token), undefined);
  assert.equal(await new RegistryTokens("berth", [await keyOf(2)]).verify(token), undefined);
});
