import { withFoldedKeys } from "../oci/folded-key.js";

export type JsonObject = Readonly<Record<string, unknown>>;

/** `undefined` if it is anything other than a JSON object. */
export function parseObject(bytes: Buffer): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof json === "object" && json !== null && !Array.isArray(json) ? withFoldedKeys(json) : undefined;
  } catch {
    return undefined;
  }
}
