import { scanManifest } from "../../oci/manifest-scan.js";

/** A token has about ten claims; more only serve to keep the server busy. */
const bounds = { depth: 32, values: 5_000, keys: 1_000 };

/**
 * Refuses a token in which a header or a claim occurs twice: another reader might use the other one (RFC 7519, section
 * 4).
 * @throws Error
 */
export function refuseRepeatedClaims(token: string): void {
  for (const part of token.split(".", 2)) {
    const { excess, repeated } = scanManifest(Buffer.from(part, "base64url"), bounds);
    if (excess !== undefined) throw new Error(`the token is refused: ${excess}`);
    if (repeated !== undefined) throw new Error(`${JSON.stringify(repeated.slice(0, 100))} occurs twice in the token`);
  }
}
