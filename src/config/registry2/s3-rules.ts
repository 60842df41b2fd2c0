import {
  asText,
  asTruth,
  becomes,
  ifTrue,
  type Meaning,
  notHonoured,
  notNeeded,
  type Rule,
  type Rules,
  refused,
  type Said,
} from "./rule.js";
import type { Translation } from "./translation.js";
import { truthOf } from "./written.js";

const smallestPart = 5 * 1024 * 1024;

const asPartSize: Meaning<string> = {
  expected: "a number of bytes of at least 5 MiB",
  parse: (text) => (/^\d{1,12}$/.test(text) && Number(text) >= smallestPart ? `${text}B` : undefined),
};

const copiesInParts = notNeeded("large objects are copied in parts inside the store");

/** The driver `s3`, which registry:2 also calls `s3aws`. */
export function s3RulesOf(driver: string): Rules {
  const at = (rules: Rules): Rules =>
    Object.fromEntries(Object.entries(rules).map(([key, rule]) => [`storage.${driver}.${key}`, rule]));
  return at({
    bucket: becomes("storage.s3.bucket", asText),
    region: becomes("storage.s3.region", asText),
    regionendpoint: translateEndpoint,
    rootdirectory: translateRoot,
    accesskey: becomes("storage.s3.accessKeyId", asText),
    secretkey: becomes("storage.s3.secretAccessKey", asText),
    sessiontoken: becomes("storage.s3.sessionToken", asText),
    forcepathstyle: becomes("storage.s3.pathStyle", asTruth),
    encrypt: ifTrue(translateEncryption, notNeeded("it is off")),
    keyid: notNeeded("it belongs to encrypt"),
    secure: ifTrue(notNeeded("the store is reached over TLS anyway"), notNeeded("it belongs to regionendpoint")),
    skipverify: ifTrue(
      refused(
        "Berth always checks the store's certificate: name its authority in storage.s3.caFile of a file of Berth",
      ),
      notNeeded("the store's certificate is always checked"),
    ),
    chunksize: becomes("storage.s3.partSize", asPartSize),
    storageclass: translateClass,
    v4auth: notNeeded("requests are always signed by version 4"),
    multipartcopychunksize: copiesInParts,
    multipartcopymaxconcurrency: copiesInParts,
    multipartcopythresholdsize: copiesInParts,
    multipartcombinesmallpart: copiesInParts,
    useragent: notNeeded("requests name berth"),
    loglevel: notNeeded("requests that fail are in the log"),
    accelerate: ifTrue(notHonoured("the bucket is reached at its usual address"), notNeeded("it is off")),
    usedualstack: ifTrue(notHonoured("the bucket is reached at its usual address"), notNeeded("it is off")),
    usefipsendpoint: ifTrue(
      refused("set storage.s3.endpoint of a file of Berth to the FIPS address of the region"),
      notNeeded("it is off"),
    ),
    objectacl: ({ path, written }, translation) => {
      const rule = written === "private" ? notNeeded("objects are private") : refused("objects are always private");
      rule({ path, written }, translation);
    },
    redirectendpoint: notHonoured("content is sent by Berth itself, unless storage.s3.redirect is set"),
  });
}

/** Without a scheme, `secure` decides. */
function translateEndpoint({ path, written }: Said, translation: Translation): void {
  if (typeof written !== "string" || written === "") {
    translation.refuse(path, "must be an address");
    return;
  }
  const isSecure = truthOf(translation.document.find(...path.slice(0, -1).map(String), "secure")) ?? true;
  const address = written.includes("://") ? written : `${isSecure ? "https" : "http"}://${written}`;
  translation.honour(path, ["storage", "s3", "endpoint"], address);
}

function translateRoot({ path, written }: Said, translation: Translation): void {
  const prefix = typeof written === "string" ? written.replace(/^\/+|\/+$/g, "") : undefined;
  if (prefix === undefined) translation.refuse(path, "must be text");
  else if (prefix === "") translation.note(path, "not needed", "keys begin without a prefix anyway");
  else translation.honour(path, ["storage", "s3", "prefix"], prefix);
}

const translateEncryption: Rule = ({ path }, translation) => {
  const key = translation.document.find(...path.slice(0, -1).map(String), "keyid");
  translation.honour(path, ["storage", "s3", "sse"], typeof key === "string" && key !== "" ? "aws:kms" : "AES256");
  if (typeof key === "string" && key !== "") translation.imply(path, ["storage", "s3", "sseKmsKeyId"], key);
};

/** NONE leaves it to the store. */
const translateClass: Rule = (said, translation) => {
  const rule = said.written === "NONE" ? notNeeded("the bucket decides") : becomes("storage.s3.storageClass", asText);
  rule(said, translation);
};
