import { loadConfig } from "../config/load.js";
import { Reload } from "./serving/reload.js";

/** Starts Berth and serves until it is told to stop. Only what the number of processes asks for is loaded. */
export async function serve(options: { config?: string | undefined }): Promise<void> {
  const load = () => loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  const loaded = await load();
  const reload = new Reload(loaded, load);
  if (loaded.config.server.workers === 1) {
    const { serveAlone } = await import("./serving/serve-alone.js");
    await serveAlone(loaded, reload);
  } else {
    const { serveByWorkers } = await import("./serving/workers/serve-by-workers.js");
    await serveByWorkers(loaded, reload);
  }
}
