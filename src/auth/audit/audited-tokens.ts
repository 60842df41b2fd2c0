import type { AccessTokenRecord } from "../../oci/access-token-record.js";
import { type AccessTokenStore, AccessTokens } from "../tokens/access-tokens.js";
import type { AuditActor, AuditTrail } from "./audit-trail.js";

/** Makes and revokes access tokens, and records both in the audit trail. */
export class AuditedTokens {
  readonly #store: AccessTokenStore;
  readonly #tokens: AccessTokens;
  readonly #trail: AuditTrail | undefined;

  constructor(store: AccessTokenStore, trail: AuditTrail | undefined) {
    this.#store = store;
    this.#tokens = new AccessTokens(store);
    this.#trail = trail;
  }

  /** @returns the token, which is shown once and not stored, and its id */
  async create(
    wanted: Omit<AccessTokenRecord, "id" | "hash" | "createdMs">,
    actor: AuditActor,
  ): Promise<{ readonly token: string; readonly id: string }> {
    await this.#trail?.ready();
    const token = await this.#tokens.create(wanted);
    const id = token.split("_")[1] ?? "";
    await this.#trail?.write([{ event: "token created", ...actor, token: id, owner: wanted.user }]);
    return { token, id };
  }

  /** @returns whether there was such a token */
  async revoke(id: string, actor: AuditActor): Promise<boolean> {
    await this.#trail?.ready();
    const owner = (await this.#store.read(id))?.user;
    const isRemoved = await this.#store.remove(id);
    if (isRemoved) await this.#trail?.write([{ event: "token revoked", ...actor, token: id, ...(owner && { owner }) }]);
    return isRemoved;
  }
}
