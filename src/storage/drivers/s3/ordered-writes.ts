import type { ObjectContent } from "../../staging.js";

/** Writes objects one after another, and beside them the traces, on which nothing depends. */
export async function writeInOrder(
  objects: readonly ObjectContent[],
  put: (object: ObjectContent) => Promise<unknown>,
): Promise<void> {
  const traces = Promise.all(objects.filter(({ isTrace }) => isTrace).map(put));
  // Thrown below, unless something else fails before.
  traces.catch(() => {});
  for (const object of objects) if (object.isTrace !== true) await put(object);
  await traces;
}
