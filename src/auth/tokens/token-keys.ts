import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";

/** A key that signs tokens, and its id in tokens. */
export interface TokenKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly id: string;
  readonly algorithm: "EdDSA" | "ES256";
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Creates a key in PEM format. */
export function createTokenKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/** Precedes the seed of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const seedPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key in PEM format for a seed of 32 random bytes: the same seed gives the same key. */
export function tokenKeyOfSeed(seed: Buffer): string {
  const key = createPrivateKey({ key: Buffer.concat([seedPrefix, seed]), format: "der", type: "pkcs8" });
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

/**
 * Parses a private key in PEM format: Ed25519, or ECDSA on P-256.
 * @throws Error with a sentence that follows the name of its file
 */
export async function readTokenKey(pem: string): Promise<TokenKey> {
  const privateKey = parsePrivateKey(pem);
  const algorithm = algorithmOf(privateKey);
  if (algorithm === undefined) {
    throw new Error(
      "must contain an Ed25519 or P-256 private key; create one with: openssl genpkey -algorithm ed25519",
    );
  }
  const publicKey = createPublicKey(privateKey);
  return { id: await thumbprintOf(publicKey), algorithm, privateKey, publicKey };
}

/** RFC 7638. */
export async function thumbprintOf(publicKey: KeyObject): Promise<string> {
  const jwk: JWK = await exportJWK(publicKey);
  return calculateJwkThumbprint(jwk);
}

function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Error("must contain a private key in PEM format without a passphrase", { cause });
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): TokenKey["algorithm"] | undefined {
  if (asymmetricKeyType === "ed25519") return "EdDSA";
  const isP256 = asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1";
  return isP256 ? "ES256" : undefined;
}
