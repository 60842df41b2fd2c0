import { hash, randomBytes } from "node:crypto";
import { BoundedMap } from "../foundation/bounded-map.js";
import type { ClientCertificate } from "./client-certificate.js";

/** How long valid credentials are accepted without another check. */
export interface Lease {
  /** Milliseconds since 1970. */
  readonly untilMs: number;
  /** Whether they are still not revoked; called for each request, and answered from memory. */
  holds(certificate: ClientCertificate | undefined): boolean;
}

interface Known<Value> {
  readonly value: Value;
  readonly lease: Lease;
}

const rememberedCredentials = 10_000;

/**
 * The results of recent checks of `Authorization` headers, so that a pull of forty layers pays once for bcrypt or a
 * signature. Headers are remembered by a digest with a key of this process: nothing here is of use elsewhere.
 */
export class KnownCredentials<Value extends object> {
  readonly #key = randomBytes(32).toString("base64");
  readonly #known = new BoundedMap<string, Known<Value>>(rememberedCredentials);

  recall(authorization: string, certificate: ClientCertificate | undefined): Value | undefined {
    const key = this.#keyOf(authorization);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (known.lease.untilMs > Date.now() && known.lease.holds(certificate)) return known.value;
    this.#known.delete(key);
    return undefined;
  }

  remember(authorization: string, value: Value, lease: Lease): void {
    this.#known.set(this.#keyOf(authorization), { value, lease });
  }

  /** One call, which costs a third of HMAC; the key has 256 bits and a fixed length. */
  #keyOf(authorization: string): string {
    return hash("sha256", this.#key + authorization, "base64");
  }
}
