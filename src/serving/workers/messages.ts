import type { ActivityReport } from "../../api/activity/activity-report.js";
import type { Config } from "../../config/schema.js";
import type { MetricsReport } from "../../metrics/metrics-sum.js";

/** What the primary sends to a worker. It includes the configuration, so that all workers serve with the same one. */
export type WorkerOrder =
  | {
      readonly do: "serve";
      readonly worker: number;
      readonly config: Config;
      /** Seed of the token key if no key can be stored, in hexadecimal digits. */
      readonly tokenSeed: string;
    }
  /** Prepares for a configuration; the number identifies the change. */
  | { readonly do: "prepare"; readonly change: number; readonly config: Config }
  /** Sent when all workers are prepared. */
  | { readonly do: "takeOver"; readonly change: number }
  /** The number that assigns the answer to its request. */
  | { readonly do: "measure"; readonly request: number }
  /** Asks what it does now. */
  | { readonly do: "tellActivity"; readonly request: number }
  /** The answer to its question what the others do. */
  | { readonly do: "hearOthers"; readonly request: number; readonly reports: readonly ActivityReport[] }
  | { readonly do: "stop"; readonly graceMs: number }
  | { readonly do: "cut" };

/** What a worker sends to the primary. Messages to a worker are lost until it has reported that it is ready. */
export type WorkerReport =
  | { readonly is: "ready" }
  | { readonly is: "prepared"; readonly change: number }
  /** It keeps the previous configuration. */
  | { readonly is: "unable"; readonly change: number; readonly reason: string }
  | { readonly is: "measured"; readonly request: number; readonly report: MetricsReport }
  | { readonly is: "active"; readonly request: number; readonly report: ActivityReport }
  /** It wants to know what the others do. */
  | { readonly is: "asking"; readonly request: number }
  /** Sent before it ends; the reason is for people. */
  | { readonly is: "failed"; readonly reason: string };
