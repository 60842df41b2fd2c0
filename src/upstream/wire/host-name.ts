import { InvalidAnswerError } from "./wire-errors.js";

/** No name in DNS is longer (RFC 1035, section 2.3.4). */
const longestName = 253;

/**
 * A host to which an upstream leads is named in messages and logs: each client would get the whole megabyte.
 * @throws InvalidAnswerError if it cannot be the name of a host
 */
export function refuseLongHost({ hostname }: URL): void {
  const { length } = hostname;
  if (length > longestName) throw new InvalidAnswerError(`it leads to a host whose name has ${length} characters`);
}
