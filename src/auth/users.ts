import { createHash } from "node:crypto";

/** The bcrypt cost if there is no user to take it from. */
const usualCost = "10";

/** The current users that Berth itself knows, with their passwords and groups. */
export class Users {
  #hashes: ReadonlyMap<string, string>;
  /** By hash, since each request needs one. */
  readonly #fingerprints = new Map<string, string>();
  readonly #groupsByUser: ReadonlyMap<string, readonly string[]>;

  /**
   * @param hashes bcrypt hashes by user
   * @param groups members by group
   */
  constructor(hashes: ReadonlyMap<string, string>, groups: ReadonlyMap<string, readonly string[]>) {
    this.#hashes = hashes;
    this.#groupsByUser = groupsByUser(groups);
  }

  /** Replaces the users, such as when their file has changed. */
  replace(hashes: ReadonlyMap<string, string>): void {
    this.#hashes = hashes;
    this.#fingerprints.clear();
  }

  hashOf(user: string): string | undefined {
    return this.#hashes.get(user);
  }

  /**
   * Spreads the costs of known users over unknown ones. Otherwise the response time would reveal which users exist.
   */
  costOfUnknown(user: string): string {
    const hashes = [...this.#hashes.values()];
    const place = createHash("sha256").update(user).digest().readUInt32BE() % Math.max(1, hashes.length);
    return hashes[place]?.slice(4, 6) ?? usualCost;
  }

  groupsOf(user: string): readonly string[] {
    return this.#groupsByUser.get(user) ?? [];
  }

  /** Changes with the password, and reveals nothing about it; `undefined` for an unknown user. */
  fingerprintOf(user: string): string | undefined {
    const hash = this.#hashes.get(user);
    if (hash === undefined) return undefined;
    const fingerprint =
      this.#fingerprints.get(hash) ?? createHash("sha256").update(hash).digest("base64url").slice(0, 16);
    this.#fingerprints.set(hash, fingerprint);
    return fingerprint;
  }
}

function groupsByUser(groups: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const byUser = new Map<string, string[]>();
  for (const [group, members] of groups) {
    for (const member of members) byUser.set(member, [...(byUser.get(member) ?? []), group]);
  }
  return byUser;
}
