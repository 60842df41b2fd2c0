/** Why a file cannot be changed safely without a person. */
export class Unsafe extends Error {
  override readonly name = "Unsafe";
}

/**
 * Adds missing entries to the lists of a JSON object, and leaves everything else as it is.
 * @param added a JSON object of lists of strings
 * @throws Unsafe if anything else could change
 */
export function extendJson(existing: string, added: string): string {
  if (existing.trim() === "") return added;
  const object = parseFaithfully(existing);
  let isChanged = false;
  for (const [key, items] of Object.entries(JSON.parse(added) as Record<string, string[]>)) {
    const list = object[key] ?? [];
    if (!Array.isArray(list)) throw new Unsafe(`its ${key} is not a list`);
    const missing = items.filter((item) => !list.includes(item));
    if (missing.length === 0) continue;
    object[key] = [...list, ...missing];
    isChanged = true;
  }
  return isChanged ? `${JSON.stringify(object, undefined, indentOf(existing))}\n` : existing;
}

function parseFaithfully(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Unsafe("it is not valid JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Unsafe("it is not a JSON object");
  // A duplicate key, or a number with more digits than JavaScript keeps, would be lost.
  if (JSON.stringify(json) !== compacted(text))
    throw new Unsafe("it contains JSON that cannot be written back unchanged");
  return json as Record<string, unknown>;
}

function compacted(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? "");
}

function indentOf(text: string): string {
  return /\n([ \t]+)"/.exec(text)?.[1] ?? "  ";
}
