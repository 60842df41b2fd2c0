import { findNearest } from "../nearest-key.js";
import { showValue } from "../problem.js";
import { fromGoDuration } from "./go-duration.js";
import { asText, asTruth, becomes, ifTrue, type Meaning, notNeeded, type Rule, type Rules, refused } from "./rule.js";
import type { Translation } from "./translation.js";
import { findWritten, isMap, truthOf, type WrittenMap } from "./written.js";

/** Folder of the images of registry:2, and its default. */
export const usualRoot = "/var/lib/registry";

/** The longest that Berth takes, ten years: what is never to be removed. */
const never = "3650d";

const asDuration: Meaning<string> = { expected: "a duration such as 24h", parse: fromGoDuration };

const readOnly = refused("Berth cannot be set to read only yet, and would take pushes");

/** The section `storage`, but for which driver it is. */
export const storageRules: Rules = {
  "storage.filesystem.rootdirectory": becomes("storage.filesystem.root", asText),
  "storage.filesystem.maxthreads": notNeeded("files are read and written by a few threads"),
  "storage.delete.enabled": becomes("private.delete", asTruth),
  "storage.redirect": notNeeded("content is always sent by Berth itself"),
  "storage.cache": notNeeded("what is asked for often is kept in memory anyway (storage.cache)"),
  "storage.tag": notNeeded("tags are looked up without it"),
  "storage.maintenance.uploadpurging": translatePurging,
  "storage.maintenance.readonly": ({ path, written }, translation) => {
    const enabled = isMap(written) ? (written.enabled ?? "false") : written;
    ifTrue(readOnly, notNeeded("it is off"))({ path, written: enabled }, translation);
  },
};

function translatePurging({ path, written }: Parameters<Rule>[0], translation: Translation): void {
  if (!isMap(written)) {
    translation.refuse(path, `must be a section with keys, not ${showValue(written)}`);
    return;
  }
  if (truthOf(written.enabled) === false || truthOf(written.dryrun) === true) {
    const key = truthOf(written.enabled) === false ? "enabled" : "dryrun";
    translation.honour([...path, key], ["private", "uploads", "expire"], never, "uploads are never removed");
    return;
  }
  if (findWritten(written, ["age"]) !== undefined) {
    becomes("private.uploads.expire", asDuration)({ path: [...path, "age"], written: written.age ?? "" }, translation);
  }
  if (findWritten(written, ["interval"]) !== undefined) {
    const said = { path: [...path, "interval"], written: written.interval ?? "" };
    becomes("private.uploads.purgeInterval", asDuration)(said, translation);
  }
}

const buckets: readonly string[] = ["azure", "gcs", "oss", "s3", "swift"];

const noDrivers: readonly string[] = ["cache", "delete", "maintenance", "redirect", "tag"];

/** Which driver it is: the key that is none of the others' (configuration.go, `Storage.Type`). */
export function translateDriver(storage: WrittenMap, translation: Translation): void {
  const drivers = Object.keys(storage).filter((key) => !noDrivers.includes(key));
  for (const driver of drivers) {
    if (driver === "inmemory") translation.honour(["storage", driver], ["storage", "driver"], "memory");
    else if (driver !== "filesystem") translation.refuse(["storage", driver], unknownDriver(driver));
  }
  if (drivers.length > 1) {
    const message = `names several drivers, ${drivers.map((driver) => showValue(driver)).join(" and ")}; keep one of them`;
    translation.refuse(["storage"], message);
  }
}

function unknownDriver(driver: string): string {
  const meant = buckets.includes(driver) ? undefined : findNearest(driver, noDrivers);
  if (meant !== undefined) return `there is no such driver; did you mean storage.${meant}?`;
  return (
    `Berth has no driver ${showValue(driver)}: copy the content to a folder (it is laid out alike there, from ` +
    "docker/registry/v2 on) and say storage.filesystem.rootdirectory, or mount the bucket as a folder"
  );
}
