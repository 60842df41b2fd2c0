import { fromGoDuration } from "./go-duration.js";
import { notNeeded, type Rules } from "./rule.js";
import type { Translation } from "./translation.js";
import { findWritten, isList, isMap, truthOf, type Written, type WrittenMap } from "./written.js";

const endpoints = ["notifications", "endpoints"];

/** The section `notifications`. */
export const notificationRules: Rules = {
  "notifications.endpoints": ({ path, written }, translation) => {
    if (isMap(written)) {
      translation.note(path, "unknown", "registry:2 adds no endpoint by a number, either");
      return;
    }
    if (!isList(written) || !written.every(isMap)) {
      translation.refuse(path, "must be a list of endpoints, each with a name and a url");
      return;
    }
    const items = written.map((endpoint, index) => receiverOf(endpoint, index, translation));
    translation.honour(path, ["events", "endpoints"], items);
  },
  "notifications.events": notNeeded("events are sent without the list of references"),
};

function receiverOf(endpoint: WrittenMap, index: number, translation: Translation): Readonly<Record<string, unknown>> {
  const at = (...path: string[]) => findWritten(endpoint, path);
  const durationAt = (key: string) => {
    const written = at(key);
    const duration = typeof written === "string" ? fromGoDuration(written) : undefined;
    if (written !== undefined && duration === undefined)
      translation.refuse([...endpoints, index, key], "must be a duration such as 500ms or 5s");
    return duration;
  };
  const receiver = {
    name: at("name"),
    url: at("url"),
    headers: at("headers"),
    timeout: durationAt("timeout"),
    backoff: durationAt("backoff"),
    threshold: at("threshold"),
    disabled: at("disabled"),
    ignoreMediaTypes: both(at("ignoredmediatypes"), at("ignore", "mediatypes")),
    include: sendsPulls(at("ignore", "actions")) ? ["pull"] : undefined,
    ignoreActions: both(at("ignore", "actions"), undefined)?.filter((action) => action !== "pull"),
  };
  const given = Object.entries(receiver).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, key === "disabled" ? truthOf(at(key)) : value]));
}

/** As there, pulls are sent unless they are ignored. */
function sendsPulls(ignored: Written | undefined): boolean {
  return !isList(ignored) || !ignored.includes("pull");
}

function both(one: Written | undefined, other: Written | undefined): readonly Written[] | undefined {
  if (!isList(one) && !isList(other)) return undefined;
  return [...(isList(one) ? one : []), ...(isList(other) ? other : [])];
}
