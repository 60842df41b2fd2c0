import { blobMeasurements } from "./measurements/blobs.mjs";
import { imagePushMeasurements } from "./measurements/image-push.mjs";
import { largeBlobMeasurements } from "./measurements/large-blob.mjs";
import { listingMeasurements } from "./measurements/listings.mjs";
import { manifestMeasurements } from "./measurements/manifests.mjs";
import { memoryMeasurements } from "./measurements/memory.mjs";
import { smallPushMeasurements } from "./measurements/small-pushes.mjs";
import { startMeasurements } from "./measurements/start.mjs";

/**
 * @typedef {object} Bench what a measurement is given
 * @property {object} settings how long, how often, over how many connections
 * @property {string} folder for what it shares between peers
 * @property {(seed: (layout: object) => void, work: (server: object) => Promise<T>) => Promise<T>} withServer
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
  ...memoryMeasurements,
  ...startMeasurements,
];
