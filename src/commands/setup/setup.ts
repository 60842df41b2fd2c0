import { loadConfig } from "../../config/load.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { clients } from "../../setup/clients.js";
import { showClients, showRest, showSetup } from "../../setup/show-setup.js";
import { findRegistry, type RegistryOptions } from "./find-registry.js";
import { writeSetup } from "./write-setup.js";

export interface SetupOptions extends RegistryOptions {
  readonly config?: string;
  readonly write?: boolean;
  readonly yes?: boolean;
  readonly root: string;
}

/** Prints the settings that a client needs for this registry, or writes them where the client looks. */
export async function setup(clientName: string | undefined, options: SetupOptions): Promise<void> {
  if (clientName === undefined) {
    process.stdout.write(showClients());
    return;
  }
  const client = clients.get(clientName);
  if (client === undefined) {
    throw new ExplainedError(`unknown name ${JSON.stringify(clientName)}; known are ${[...clients.keys()].join(", ")}`);
  }
  const { config } = await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  const registry = await findRegistry(options, config);
  const plan = client.setUp(registry);
  if (options.write !== true || plan.files.length === 0) {
    process.stdout.write(showSetup(plan, registry));
    return;
  }
  await writeSetup(plan, { root: options.root, isConfirmed: options.yes === true });
  process.stdout.write(showRest(plan));
}
