import { accessMeasurements } from "./measurements/access.mjs";
import { blobMeasurements } from "./measurements/blobs.mjs";
import { cachePullMeasurements } from "./measurements/cache-pulls.mjs";
import { cacheServingMeasurements } from "./measurements/cache-serving.mjs";
import { coldFirstByteMeasurements } from "./measurements/cold-first-byte.mjs";
import { coldHerdMeasurements } from "./measurements/cold-herd.mjs";
import { herdMemoryMeasurements } from "./measurements/herd-memory.mjs";
import { imagePushMeasurements } from "./measurements/image-push.mjs";
import { largeBlobMeasurements } from "./measurements/large-blob.mjs";
import { listingMeasurements } from "./measurements/listings.mjs";
import { manifestMeasurements } from "./measurements/manifests.mjs";
import { memoryMeasurements } from "./measurements/memory.mjs";
import { metricsMeasurements } from "./measurements/metrics.mjs";
import { smallPushMeasurements } from "./measurements/small-pushes.mjs";
import { startMeasurements } from "./measurements/start.mjs";
import { upstreamAwayMeasurements } from "./measurements/upstream-away.mjs";

/**
 * @typedef {object} Bench what a measurement is given
 * @property {object} settings how long, how often, over how many connections
 * @property {string} folder for what it shares between peers
 * @property {string} peerId whom it measures
 * @property {(seed: (layout: object) => void, work: (server: object) => Promise<T>, sections?: object) => Promise<T>}
 *   withServer private, with these further sections of Berth's settings
 * @property {(seed: (layout: object) => void, work: (upstream: object) => Promise<T>) => Promise<T>} withUpstream
 * @property {(upstream: object, work: (server: object) => Promise<T>) => Promise<T>} withCache an empty cache of it
 *
 * @typedef {object} Row one line of the table
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {import("./targets.mjs").Target} [target]
 *
 * @typedef {object} Measurement
 * @property {Row[]} rows what one measurement tells
 * @property {boolean} [isLong] only with --full or when asked for by name
 * @property {(bench: Bench) => Promise<Record<string, number[]>>} measure every run of each row
 */

/** @type {Measurement[]} In the order of the table. */
export const measurements = [
  ...manifestMeasurements,
  ...blobMeasurements,
  ...largeBlobMeasurements,
  ...imagePushMeasurements,
  ...smallPushMeasurements,
  ...listingMeasurements,
  ...accessMeasurements,
  ...metricsMeasurements,
  ...memoryMeasurements,
  ...startMeasurements,
  ...coldHerdMeasurements,
  ...cachePullMeasurements,
  ...upstreamAwayMeasurements,
  ...coldFirstByteMeasurements,
  ...cacheServingMeasurements,
  ...herdMemoryMeasurements,
];
