import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { ExplainedError } from "../../serving/explained-error.js";
import { readInput } from "../read-input.js";

/** In bytes; bcrypt ignores the rest. */
const longestPassword = 72;

/** Asks for a password twice on the terminal, without echo, or reads the first line of standard input. */
export async function readPassword(user: string): Promise<string> {
  const password = process.stdin.isTTY ? await askTwice(user) : await firstLine();
  if (password === "") throw new ExplainedError("a password must not be empty");
  if (Buffer.byteLength(password) > longestPassword) {
    throw new ExplainedError(`a password has at most ${longestPassword} bytes: bcrypt ignores the rest`);
  }
  if (/\p{Cc}/u.test(password)) throw new ExplainedError("a password must not contain control characters");
  return password;
}

async function askTwice(user: string): Promise<string> {
  const password = await ask(`Password of ${user}: `);
  if (password !== (await ask("Repeat it: "))) throw new ExplainedError("the passwords differ");
  return password;
}

function ask(question: string): Promise<string> {
  process.stderr.write(question);
  // Discards the echo of what is typed.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((resolve, reject) => {
    terminal.once("SIGINT", () => reject(new ExplainedError("nothing was changed")));
    terminal.question("", resolve);
  })
    .then((answer) => answer as string)
    .finally(() => {
      terminal.close();
      process.stderr.write("\n");
    });
}

async function firstLine(): Promise<string> {
  return (await readInput()).split(/\r?\n/)[0] ?? "";
}
