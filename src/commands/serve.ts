import { loadConfig } from "../config/load.js";
import { Reload } from "../serving/reload.js";

/** Starts Berth and serves until it is stopped. Loads only the code for one process or for several. */
export async function serve(options: { config?: string | undefined }): Promise<void> {
  const loadFrom = (file: string | undefined) =>
    loadConfig({ file, environment: process.env, directory: process.cwd() });
  const loaded = await loadFrom(options.config);
  // If the file has disappeared by the time of a reload, that is an error: the defaults would be another registry.
  const reload = new Reload(loaded, () => loadFrom(loaded.file ?? options.config));
  if (loaded.config.server.workers === 1) {
    const { serveAlone } = await import("../serving/serve-alone.js");
    await serveAlone(loaded, reload);
  } else {
    const { serveByWorkers } = await import("../serving/workers/serve-by-workers.js");
    await serveByWorkers(loaded, reload);
  }
}
