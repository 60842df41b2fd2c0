import {
  asOpposite,
  asText,
  becomes,
  ifTrue,
  type Meaning,
  notHonoured,
  notNeeded,
  type Rules,
  refused,
} from "./rule.js";
import { isList, isMap, truthOf, type Written } from "./written.js";

const levels: readonly string[] = ["error", "warn", "info", "debug"];

const asLevel: Meaning<string> = {
  expected: `one of ${levels.join(", ")}`,
  parse: (text) => levels.find((level) => level === text.toLowerCase()),
};

const asFormat: Meaning<string> = {
  expected: "one of text, json, logstash",
  parse: (text) => ({ text: "text", json: "json", logstash: "json" })[text],
};

/** The section `log`. */
export const logRules: Rules = {
  "log.level": becomes("log.level", asLevel),
  loglevel: (said, translation) => {
    if (translation.document.find("log", "level") === undefined) becomes("log.level", asLevel)(said, translation);
    else translation.note(said.path, "not needed", "log.level is given, too");
  },
  "log.formatter": becomes("log.format", asFormat),
  "log.accesslog.disabled": becomes("log.access", asOpposite),
  "log.fields": notNeeded("what collects the lines can add fields to all of them"),
  "log.hooks": notHonoured("no mail is sent about errors"),
  "log.reportcaller": notNeeded("lines do not name places in the code"),
};

/** Everything else. */
export const otherRules: Rules = {
  reporting: notHonoured("nothing is sent to Bugsnag or New Relic: what goes wrong is in the log"),
  redis: notNeeded("Berth needs no Redis"),
  health: notNeeded("/healthz and /readyz tell how Berth is; there are no checks to configure"),
  "notifications.endpoints": ({ path, written }, translation) => {
    const isUsed = isList(written) && written.some((endpoint: Written) => !isDisabled(endpoint));
    if (isUsed)
      translation.note(path, "not honoured", "Berth sends no notifications: what waits for them hears nothing");
    else translation.note(path, "not needed", "all are disabled");
  },
  "notifications.events": notNeeded("Berth sends no notifications"),
  "middleware.storage": notHonoured("content is always sent by Berth itself, without a CDN or another host"),
  "middleware.registry": refused("Berth runs no code of others: leave it out"),
  "middleware.repository": refused("Berth runs no code of others: leave it out"),
  "catalog.maxentries": becomes("server.catalogMaxEntries", asText),
  "tags.maxtags": notNeeded("a page has at most 100,000 tags, as many as are asked for"),
  "validation.enabled": notNeeded("what a manifest names is always checked"),
  // It switches off what is said below `manifests`, and that children of an index must be here; `enabled` prevails
  // (registry/handlers/app.go, "configure validation").
  "validation.disabled": ifTrue(({ path }, translation) => {
    if (truthOf(translation.document.find("validation", "enabled")) === true)
      translation.note(path, "not needed", "validation.enabled prevails");
    else translation.honour(path, ["private", "sparse"], "true", "which lets any manifest name what is not here");
  }, notNeeded("it is off")),
  "validation.manifests.urls": notHonoured(
    "manifests whose layers lie elsewhere are taken, and those places never asked",
  ),
  "validation.manifests.indexes.platforms": ({ path, written }, translation) => {
    if (String(written).toLowerCase() === "all") translation.note(path, "not needed", "all are always asked for");
    else {
      const remark = "which lets any manifest name what is not here";
      translation.honour(path, ["private", "sparse"], "true", remark);
    }
  },
  "validation.manifests.indexes.platformlist": notHonoured("private.sparse knows all platforms, or none"),
  "policy.repository.classes": notHonoured("classes of repositories are not told apart"),
  "compatibility.schema1.enabled": ifTrue(
    notHonoured("manifests of schema 1, older than 2016, are refused"),
    notNeeded("it is off"),
  ),
  "compatibility.schema1.trustkey": notNeeded("manifests of schema 1 are refused"),
  "compatibility.schema1.signingkeyfile": notNeeded("manifests of schema 1 are refused"),
};

function isDisabled(endpoint: Written): boolean {
  return isMap(endpoint) && truthOf(endpoint.disabled) === true;
}
