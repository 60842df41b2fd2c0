import { ExplainedError } from "../../serving/explained-error.js";
import { replaceFile } from "./replace-file.js";
import { linesWithout, type UserFileOptions, userFileOf } from "./user-file-lines.js";

/** Removes a user from the htpasswd file. */
export async function removeUser(user: string, options: UserFileOptions): Promise<void> {
  const file = await userFileOf(options);
  const { lines, wasThere } = await linesWithout(file, user);
  if (!wasThere) throw new ExplainedError(`${file} has no user ${user}`);
  await replaceFile(file, lines);
  process.stdout.write(`${user} was removed from ${file}\n`);
  process.stderr.write(`its access tokens, if it has any, stay valid: see berth token ls, berth token rm\n`);
}
