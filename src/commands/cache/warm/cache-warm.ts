import { Writable } from "node:stream";
import { loadConfig } from "../../../config/load.js";
import type { UpstreamConfig } from "../../../config/proxy-schema.js";
import type { Config } from "../../../config/schema.js";
import { prefixOf } from "../../../config/upstream-rules.js";
import { Semaphore } from "../../../foundation/semaphore.js";
import { beginWork } from "../../../maintenance/collection-lock.js";
import { createLogger } from "../../../observability/winston-logger.js";
import { findRepository } from "../../../proxy/warming/find-repository.js";
import type { WantedPlatforms } from "../../../proxy/warming/image-content.js";
import { type ImageToWarm, ImageWarmer } from "../../../proxy/warming/image-warmer.js";
import type { Context } from "../../../registry/context.js";
import { ExplainedError } from "../../../serving/explained-error.js";
import { ModeSelector } from "../../../serving/mode-selector.js";
import { StopSignals } from "../../../serving/stop-signals.js";
import { openStorage } from "../../../storage/open-storage.js";
import { listImages } from "./image-list.js";
import { createDisplay, type WarmDisplay } from "./warm-display.js";
import { WarmReport } from "./warm-report.js";

export interface CacheWarmOptions {
  readonly config?: string;
  /** A file that lists images. */
  readonly file?: string;
  readonly platforms: WantedPlatforms;
  readonly concurrency: number;
  readonly quiet?: boolean;
}

/** Downloads images before anyone pulls them. A server may use the same data meanwhile. */
export async function warmCache(images: readonly string[], options: CacheWarmOptions): Promise<void> {
  const { config } = await loadConfig({
    file: options.config,
    environment: process.env,
    directory: process.cwd(),
  });
  requireCache(config);
  const display = createDisplay(options.quiet === true);
  const log = createLogger({ ...config.log, level: "warn" }, logTarget(display));
  const stop = stopSignal(() => display.writeLog("stopping; press Ctrl-C again to end at once\n"));
  const report = new WarmReport(display);
  try {
    await warmAll(images, config, options, {
      display,
      report,
      context: { id: "cache warm", signal: stop, caller, log },
    });
  } finally {
    log.flush();
    display.close();
  }
  report.finish(stop.aborted);
}

/** Stands where a client's address would be. */
const caller = { address: "berth cache warm", network: "berth cache warm" };

interface Surroundings {
  readonly display: WarmDisplay;
  readonly report: WarmReport;
  readonly context: Context;
}

async function warmAll(
  images: readonly string[],
  config: Config,
  { file, platforms, concurrency }: CacheWarmOptions,
  { display, report, context }: Surroundings,
): Promise<void> {
  const storage = await openStorage(config.storage, context.log);
  const endWork = await beginWork(storage);
  const modes = new ModeSelector(storage, { log: context.log });
  try {
    // A download that this command no longer waits for must not keep the process alive.
    const own: Config = {
      ...config,
      proxy: { ...config.proxy, upstreams: config.proxy.upstreams.map(patient), finishDownloads: false },
    };
    const registry = await modes.registryOf(own);
    (await modes.cacheBound.prepare(own))();
    const prefixes = config.proxy.upstreams.flatMap((upstream) => prefixOf(upstream) ?? []);
    const listed = await listImages(images, file, (name) => findRepository(name, { registry, prefixes, context }));
    const warmer = new ImageWarmer({ storage, platforms, concurrency, watch: display });
    display.begins(listed.length);
    const turns = new Semaphore(concurrency);
    const warmOne = async (image: ImageToWarm) => {
      if (context.signal.aborted) return;
      report.add(image.title, await warmer.warm(image, context));
    };
    await Promise.all(listed.map((image) => turns.run(() => warmOne(image))));
    await modes.cacheBound.settle();
  } finally {
    // Writes the last use of the warmed images; otherwise eviction would delete them first.
    await modes.stop();
    await endWork();
  }
}

/** No client gives up here, so a slow upstream may take minutes. */
function patient(upstream: UpstreamConfig): UpstreamConfig {
  const { timeouts } = upstream;
  return { ...upstream, timeouts: { ...timeouts, answer: Math.max(timeouts.answer, timeouts.blob) } };
}

function requireCache({ mode, storage }: Config): void {
  if (mode === "private") {
    throw new ExplainedError(
      "mode: private has no cache; set mode: proxy or hybrid, or name another file with --config",
    );
  }
  if (storage.driver === "memory") {
    throw new ExplainedError("storage.driver is memory, which is lost when this command ends; set it to filesystem");
  }
}

/** Aborted by the first Ctrl-C; the second ends the process as usual. */
function stopSignal(onStop: () => void): AbortSignal {
  const stop = new AbortController();
  stop.signal.addEventListener("abort", onStop);
  void new StopSignals().first.then((signal) => stop.abort(new Error(`stopped by ${signal}`)));
  return stop.signal;
}

function logTarget(display: WarmDisplay): Writable {
  return new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      display.writeLog(text.toString());
      done();
    },
  });
}
