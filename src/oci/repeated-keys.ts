const quote = 0x22;
const colon = 0x3a;
const backslash = 0x5c;

/**
 * Whether a key stands twice in an object of a JSON document, at any depth. Readers differ in which of the two counts,
 * so what was checked here might not be what a client sees.
 */
export function hasRepeatedKeys(json: Uint8Array, parsed: unknown): boolean {
  return countWritten(json) !== countParsed(parsed);
}

/** Each key is followed by a colon, and no other colon stands outside of a string. */
function countWritten(json: Uint8Array): number {
  let count = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (byte === quote) isInString = !isInString;
    else if (byte === backslash) index++;
    else if (byte === colon && !isInString) count++;
  }
  return count;
}

/** With a stack of its own: a document may be nested deeper than calls can be. */
function countParsed(parsed: unknown): number {
  let count = 0;
  const pending = [parsed];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const members: unknown[] = Object.values(value);
    if (!Array.isArray(value)) count += members.length;
    for (const member of members) pending.push(member);
  }
  return count;
}
