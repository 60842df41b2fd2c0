import type { Config } from "../../../config/schema.js";

/** What the primary tells a worker. A worker is told the configuration, so that all serve by the same one. */
export type WorkerOrder =
  | { readonly do: "serve"; readonly worker: number; readonly config: Config }
  | { readonly do: "reconfigure"; readonly config: Config }
  | { readonly do: "stop"; readonly graceMs: number }
  | { readonly do: "cut" };

/** What a worker tells the primary. Until it has said that it is ready, what it is told is lost. */
export type WorkerReport =
  | { readonly is: "ready" }
  /** Before it ends; the reason is in words for people. */
  | { readonly is: "failed"; readonly reason: string };
