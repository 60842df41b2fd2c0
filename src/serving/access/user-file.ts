import { parseHtpasswd, userProblem } from "../../auth/passwords/htpasswd.js";
import { ConfigWatch } from "../../config/config-watch.js";
import { ConfigError, messageOf } from "../../config/problem.js";
import { readSmallText } from "../../foundation/small-file.js";
import type { Logger } from "../../observability/logger.js";

/**
 * The users of an htpasswd file. An invalid line is reported and skipped.
 * @throws ConfigError if the file cannot be read
 */
export async function readUserFile(file: string, log: Logger): Promise<ReadonlyMap<string, string>> {
  const content = await readSmallText(file).catch((error: unknown) => {
    const message = `cannot be read: ${messageOf(error)}`;
    throw new ConfigError([{ where: file, path: ["access", "users", "htpasswd"], message }]);
  });
  const { hashes, problems } = parseHtpasswd(content);
  for (const { line, message } of problems) log.warn("a line of the htpasswd file is ignored", { file, line, message });
  return hashes;
}

/**
 * The users of the settings.
 * @throws ConfigError if a name has a meaning in rules, or a hash is invalid
 */
export function usersOfSettings(settings: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  const users = Object.entries(settings).map(([user, [hash = ""]]) => [user, hash] as const);
  const problems = users.flatMap(([user, hash]) => {
    const message = userProblem(user, hash);
    return message === undefined ? [] : [{ where: "", path: ["access", "users", "hashes", user], message }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return new Map(users);
}

/** Replaces the users whenever the file has changed. If it cannot be read, the old ones stay. */
export function watchUserFile(
  file: string,
  take: (users: ReadonlyMap<string, string>) => void,
  log: Logger,
): ConfigWatch {
  const look = async () => {
    try {
      take(await readUserFile(file, log));
      log.info("the htpasswd file has changed and was read again", { file });
    } catch (cause) {
      log.error("the htpasswd file has changed and cannot be read; the users stay as they were", { file, cause });
    }
  };
  return new ConfigWatch(file, () => void look());
}
