import { hash } from "@node-rs/bcrypt";
import { userNameProblem } from "../../auth/passwords/htpasswd.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { readPassword } from "./read-password.js";
import { replaceFile } from "./replace-file.js";
import { linesWithout, type UserFileOptions, userFileOf } from "./user-file-lines.js";

/** Checking a password takes about 60 ms on a current server. */
const cost = 10;

/** Adds a user to the htpasswd file, or changes the password. */
export async function addUserTo(user: string, options: UserFileOptions): Promise<void> {
  const problem = userNameProblem(user);
  if (problem !== undefined) throw new ExplainedError(problem);
  const file = await userFileOf(options);
  const hashed = await hash(await readPassword(user), cost);
  const { lines, wasThere } = await linesWithout(file, user);
  // The same algorithm under the prefix that Apache's htpasswd and registry:2 write.
  await replaceFile(file, [...lines, `${user}:${hashed.replace("$2b$", "$2y$")}`]);
  process.stdout.write(wasThere ? `${user} has a new password in ${file}\n` : `${user} was added to ${file}\n`);
}
