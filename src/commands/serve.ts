import { loadConfig } from "../config/load.js";

/** Starts Berth and serves until it is told to stop. */
export async function serve(options: { config?: string }): Promise<void> {
  await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  throw new Error("serving is not there yet");
}
