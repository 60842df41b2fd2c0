import { loadConfig } from "../config/load.js";

/** Starts Berth and serves until it is told to stop. Only what the number of processes asks for is loaded. */
export async function serve(options: { config?: string | undefined }): Promise<void> {
  const loaded = await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  if (loaded.config.server.workers === 1) {
    const { serveAlone } = await import("./serve-alone.js");
    await serveAlone(loaded);
  } else {
    const { serveByWorkers } = await import("./workers/serve-by-workers.js");
    await serveByWorkers(loaded);
  }
}
