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
import { truthOf } from "./written.js";

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
    else translation.note(said.path, "not needed", "log.level is given too");
  },
  "log.formatter": becomes("log.format", asFormat),
  "log.accesslog.disabled": becomes("log.access", asOpposite),
  "log.fields": notNeeded("a log collector can add fields to all lines"),
  "log.hooks": notHonoured("no mail is sent about errors"),
  "log.reportcaller": notNeeded("lines do not name places in the code"),
};

/** Everything else. */
export const otherRules: Rules = {
  reporting: notHonoured("nothing is sent to Bugsnag or New Relic: errors are in the log"),
  redis: notNeeded("Berth needs no Redis"),
  health: notNeeded("/healthz and /readyz report its health; there are no checks to configure"),
  "middleware.storage": notHonoured("content is always sent by Berth itself, without a CDN or another host"),
  "middleware.registry": refused("Berth runs no third-party code: leave it out"),
  "middleware.repository": refused("Berth runs no third-party code: leave it out"),
  "catalog.maxentries": becomes("server.catalogMaxEntries", asText),
  "tags.maxtags": notNeeded("a page has as many tags as requested, up to 100,000"),
  "validation.enabled": notNeeded("the references of a manifest are always checked"),
  // It disables the checks below `manifests`, and the check that children of an index exist; `enabled` prevails
  // (registry/handlers/app.go, "configure validation").
  "validation.disabled": ifTrue(({ path }, translation) => {
    if (truthOf(translation.document.find("validation", "enabled")) === true)
      translation.note(path, "not needed", "validation.enabled prevails");
    else translation.honour(path, ["private", "sparse"], "true", "which lets any manifest reference missing content");
  }, notNeeded("it is off")),
  "validation.manifests.urls": notHonoured(
    "manifests with layers stored elsewhere are accepted, and Berth never requests those URLs",
  ),
  "validation.manifests.indexes.platforms": ({ path, written }, translation) => {
    if (String(written).toLowerCase() === "all")
      translation.note(path, "not needed", "all platforms are always required");
    else {
      const remark = "which lets any manifest reference missing content";
      translation.honour(path, ["private", "sparse"], "true", remark);
    }
  },
  "validation.manifests.indexes.platformlist": notHonoured("private.sparse applies to all platforms or none"),
  "policy.repository.classes": notHonoured("repositories have no classes"),
  "compatibility.schema1.enabled": ifTrue(
    notHonoured("manifests of schema 1, older than 2016, are refused"),
    notNeeded("it is off"),
  ),
  "compatibility.schema1.trustkey": notNeeded("manifests of schema 1 are refused"),
  "compatibility.schema1.signingkeyfile": notNeeded("manifests of schema 1 are refused"),
};
