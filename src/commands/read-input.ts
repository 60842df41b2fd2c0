import { messageOf } from "../config/problem.js";
import { readSmallInput } from "../foundation/small-file.js";
import { ExplainedError } from "../serving/explained-error.js";

/** Standard input as text. @throws ExplainedError if it is too large */
export async function readInput(): Promise<string> {
  try {
    return await readSmallInput(process.stdin);
  } catch (error) {
    throw new ExplainedError(`standard input cannot be read: ${messageOf(error)}`);
  }
}
