import type { Config } from "../../config/schema.js";
import type { Guard, Surroundings } from "./create-access-control.js";

/**
 * `undefined` where everyone who can connect may do everything: what verifies passwords and tokens is not loaded then.
 */
export async function guardOf(config: Config, surroundings: Surroundings): Promise<Guard | undefined> {
  if (config.access === undefined || config.access.open) return undefined;
  const { createGuard } = await import("./create-access-control.js");
  return createGuard(config, config.access, surroundings);
}
