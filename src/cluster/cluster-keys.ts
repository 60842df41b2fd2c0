import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * The keys by which replicas know each other: derived from secrets that all of them have (RFC 5869), so that what
 * leaks here signs no tokens. The first one signs, and all are accepted, so that a secret can be exchanged while the
 * replicas run.
 */
export class ClusterKeys {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  constructor([first, ...others]: readonly [Buffer, ...Buffer[]]) {
    this.#keys = [derive(first), ...others.map(derive)];
  }

  sign(text: string): string {
    return macOf(this.#keys[0], text);
  }

  /** Takes as long for a wrong signature as for the right one. */
  verifies(text: string, signature: string): boolean {
    // Of hashes, since the lengths must be equal.
    const given = hashOf(signature);
    const matches = this.#keys.map((key) => timingSafeEqual(hashOf(macOf(key, text)), given));
    return matches.includes(true);
  }
}

function derive(secret: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "berth", "requests between replicas", 32));
}

function macOf(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
