import { reservedSubjects } from "../rule.js";

/** An invalid line of an htpasswd file. */
export interface HtpasswdProblem {
  readonly line: number;
  readonly message: string;
}

export interface HtpasswdFile {
  /** Bcrypt hashes by user. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly problems: readonly HtpasswdProblem[];
}

/** `htpasswd -B` writes `$2y$`, other programs `$2b$` and `$2a$`: all are the same algorithm. */
const bcryptPattern = /^\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}$/;

/** A higher cost would take longer than clients wait, and delay others. */
const highestCost = 16;

/** Parses `user:hash` lines. An invalid line is reported and skipped, so that it locks out no one else. */
export function parseHtpasswd(content: string): HtpasswdFile {
  const hashes = new Map<string, string>();
  const problems: HtpasswdProblem[] = [];
  for (const [index, text] of content.split(/\r?\n/).entries()) {
    if (text === "" || text.startsWith("#")) continue;
    const end = text.indexOf(":");
    const [user, hash] = [text.slice(0, Math.max(0, end)), text.slice(end + 1)];
    const message =
      userProblem(user, hash) ?? (hashes.has(user) ? `${user} is given twice; the first line counts` : undefined);
    if (message === undefined) hashes.set(user, hash);
    else problems.push({ line: index + 1, message });
  }
  return { hashes, problems };
}

/** What is wrong with a user name; `undefined` if it is valid. */
export function userNameProblem(user: string): string | undefined {
  if (reservedSubjects.includes(user)) return `${user} has a meaning in rules and cannot be a user name`;
  if (/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/.test(user)) return undefined;
  return "a user's name has 1 to 128 characters of A-Z, a-z, 0-9 and . _ @ + -, and begins with a letter or a digit";
}

/** What is wrong with a user or its hash; `undefined` if both are valid. */
export function userProblem(user: string, hash: string): string | undefined {
  const wrongName = userNameProblem(user);
  if (wrongName !== undefined) return wrongName;
  if (!bcryptPattern.test(hash)) {
    return `the password of ${user} must be hashed with bcrypt; create the line with: htpasswd -nB ${user}`;
  }
  const cost = Number(hash.slice(4, 6));
  return cost > highestCost
    ? `the password of ${user} is hashed with cost ${cost}; at most ${highestCost} is accepted`
    : undefined;
}
