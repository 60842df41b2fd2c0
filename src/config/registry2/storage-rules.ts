import { findNearest } from "../nearest-key.js";
import { showValue } from "../problem.js";
import { fromGoDuration } from "./go-duration.js";
import { asText, asTruth, becomes, ifTrue, type Meaning, notNeeded, type Rule, type Rules, type Said } from "./rule.js";
import { s3RulesOf } from "./s3-rules.js";
import type { Translation } from "./translation.js";
import { isMap, truthOf, type WrittenMap } from "./written.js";

/** The folder in the images of registry:2, which is also its default. */
export const usualRoot = "/var/lib/registry";

/** The longest duration that Berth accepts, ten years, for what is never removed. */
const never = "3650d";

const asDuration: Meaning<string> = { expected: "a duration such as 24h", parse: fromGoDuration };

/** The section `storage`, without the choice of the driver. */
export const storageRules: Rules = {
  "storage.filesystem.rootdirectory": becomes("storage.filesystem.root", asText),
  "storage.filesystem.maxthreads": notNeeded("a few threads read and write files"),
  ...s3RulesOf("s3"),
  ...s3RulesOf("s3aws"),
  "storage.delete.enabled": becomes("private.delete", asTruth),
  "storage.redirect": notNeeded("content is sent by Berth itself, unless storage.s3.redirect is set"),
  "storage.cache": notNeeded("content that is requested often is kept in memory anyway (storage.cache)"),
  "storage.tag": notNeeded("tags are looked up without it"),
  "storage.maintenance.uploadpurging.enabled": ifTrue(notNeeded("abandoned uploads are always removed"), keepUploads),
  "storage.maintenance.uploadpurging.dryrun": ifTrue(keepUploads, notNeeded("it is off")),
  "storage.maintenance.uploadpurging.age": unlessKept(becomes("private.uploads.expire", asDuration)),
  "storage.maintenance.uploadpurging.interval": unlessKept(becomes("private.uploads.purgeInterval", asDuration)),
  "storage.maintenance.readonly": ({ path, written }, translation) => {
    const enabled = isMap(written) ? (written.enabled ?? "") : written;
    const readOnly: Rule = (said) => translation.honour(said.path, ["private", "readonly"], true);
    ifTrue(readOnly, notNeeded("it is off"))({ path, written: enabled }, translation);
  },
};

function keepUploads({ path }: Said, translation: Translation): void {
  translation.honour(path, ["private", "uploads", "expire"], never, "abandoned uploads are never removed");
}

/** The age does not matter if uploads are never removed. */
function unlessKept(rule: Rule): Rule {
  return (said, translation) => {
    const find = (key: string) => truthOf(translation.document.find("storage", "maintenance", "uploadpurging", key));
    const areKept = find("enabled") === false || find("dryrun") === true;
    (areKept ? notNeeded("abandoned uploads are never removed") : rule)(said, translation);
  };
}

const buckets: readonly string[] = ["azure", "gcs", "oss", "swift"];

const noDrivers: readonly string[] = ["cache", "delete", "maintenance", "redirect", "tag"];

/** Finds the driver: the key that is not one of the other settings (configuration.go, `Storage.Type`). */
export function translateDriver(storage: WrittenMap, translation: Translation): void {
  const drivers = Object.keys(storage).filter((key) => !noDrivers.includes(key));
  for (const driver of drivers) {
    if (driver === "inmemory") translation.honour(["storage", driver], ["storage", "driver"], "memory");
    else if (driver === "s3" || driver === "s3aws") translation.imply(["storage", driver], ["storage", "driver"], "s3");
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
    `Berth has no driver ${showValue(driver)}: copy the content to a folder (it has the same layout there, from ` +
    "docker/registry/v2 on) and set storage.filesystem.rootdirectory, or to a bucket of S3 and set storage.s3"
  );
}
