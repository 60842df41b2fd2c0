import { createHash, type KeyObject } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * The id that docker's libtrust gives a key, and that token services for registry:2.8 write as `kid`: twelve groups of
 * four characters, base32 of the first 240 bits of the SHA-256 of the public key (docker/libtrust, `key.go`).
 */
export function libtrustIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ format: "der", type: "spki" });
  const digest = createHash("sha256").update(der).digest().subarray(0, 30);
  const characters = base32(digest);
  return (characters.match(/.{4}/g) ?? []).join(":");
}

/** RFC 4648, for lengths that need no padding. */
function base32(bytes: Buffer): string {
  let [text, bits, held] = ["", 0, 0];
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return text;
}
