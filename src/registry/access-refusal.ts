import { RegistryError } from "../oci/errors.js";

/** A request needs credentials, or better ones; `http/` adds the challenge. */
export class AccessRefusal extends RegistryError {
  /** The scope of the token that is needed, such as `repository:team/app:pull,push`; empty if no scope would help. */
  readonly scope: string;
  /** Whether the client has a token, and needs one for more (RFC 6750, section 3.1). */
  readonly isInsufficientScope: boolean;

  constructor(code: "UNAUTHORIZED" | "DENIED", message: string, { scope = "", isInsufficientScope = false } = {}) {
    super(code, message);
    this.scope = scope;
    this.isInsufficientScope = isInsufficientScope;
  }
}
