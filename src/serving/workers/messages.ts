import type { Config } from "../../config/schema.js";

/** What the primary tells a worker. A worker is told the configuration, so that all serve by the same one. */
export type WorkerOrder =
  | { readonly do: "serve"; readonly worker: number; readonly config: Config }
  /** Makes ready for a configuration; the number says which, where there are several. */
  | { readonly do: "prepare"; readonly change: number; readonly config: Config }
  /** Told when all workers are ready for it. */
  | { readonly do: "takeOver"; readonly change: number }
  | { readonly do: "stop"; readonly graceMs: number }
  | { readonly do: "cut" };

/** What a worker tells the primary. Until it has said that it is ready, what it is told is lost. */
export type WorkerReport =
  | { readonly is: "ready" }
  | { readonly is: "prepared"; readonly change: number }
  /** It goes on by the configuration before. */
  | { readonly is: "unable"; readonly change: number; readonly reason: string }
  /** Before it ends; the reason is in words for people. */
  | { readonly is: "failed"; readonly reason: string };
