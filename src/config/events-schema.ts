import { textsByKey } from "./access-kinds.js";
import { registryUrl } from "./address-kinds.js";
import { listOfSections, optionalSection, optionalSetting, requiredSetting, setting } from "./definition.js";
import { duration, listOf, oneOf, size, text, truth, wholeNumber } from "./kinds.js";

const endpoints = listOfSections(
  {
    meaning: "Receivers; each gets every event in a POST of its own, in order, until it answers with 200 to 399.",
    default: [],
    example: { name: "ci", url: "https://ci.example.com/registry" },
  },
  {
    name: requiredSetting(text, { example: "ci", meaning: "Name for the log and metrics; events wait under it." }),
    url: requiredSetting(registryUrl, { example: "https://ci.example.com/registry", meaning: "Its address." }),
    format: setting(oneOf("distribution", "cloudevents"), {
      default: "distribution",
      meaning: "distribution, as the CNCF distribution registry sends them, or cloudevents (1.0, JSON).",
    }),
    include: setting(listOf(oneOf("pull", "quota", "collection")), {
      default: [],
      meaning: "More that is sent: pull, quota (few pulls of an upstream are left), collection (of garbage).",
    }),
    headers: setting(textsByKey, {
      default: {},
      meaning: "Further headers, such as {Authorization: Bearer ...}.",
      secret: true,
    }),
    secret: optionalSetting(text, {
      example: "a long random text",
      meaning: "Key of the header X-Berth-Signature: sha256= and the HMAC-SHA256 of the body in hex.",
      secret: true,
    }),
    timeout: setting(duration({ from: "100ms", to: "5m" }), { default: "5s", meaning: "Time for one answer." }),
    threshold: setting(wholeNumber(1, 1000), {
      default: 3,
      meaning: "Failures in a row after which Berth waits longer and longer between two tries.",
    }),
    backoff: setting(duration({ from: "10ms", to: "1h" }), {
      default: "1s",
      meaning: "The first such wait; it doubles up to a minute, or stays if it is longer.",
    }),
    ignoreMediaTypes: setting(listOf(text), {
      default: [],
      meaning: "Media types of which nothing is sent; application/octet-stream is all blobs.",
    }),
    ignoreActions: setting(listOf(oneOf("push", "mount", "delete")), {
      default: [],
      meaning: "Actions of which nothing is sent: push, mount, delete.",
    }),
    disabled: setting(truth, { default: false, meaning: "true: nothing is sent, and nothing is kept for it." }),
  },
);

/** The receivers of events. */
export const events = optionalSection("Events: who is told of pushes and deletions; see config/events.md.", {
  endpoints,
  maxSize: setting(size({ from: "1MiB", to: "1TiB" }), {
    default: "1GiB",
    meaning: "Disk space for events that wait for one receiver; beyond it the oldest are dropped.",
  }),
});
