import { notHonoured, notNeeded, type Rule, type Rules } from "./rule.js";
import { isList, isMap, type Written } from "./written.js";

const ours: readonly string[] = ["x-content-type-options", "docker-distribution-api-version"];

/** Headers of registry:2 that web user interfaces need. */
export const corsRules: Rules = {
  "http.headers": ({ path, written }, translation) => {
    if (!isMap(written)) {
      translation.refuse(path, "must be a section with the names of headers, and a list of values for each");
      return;
    }
    for (const [name, values] of Object.entries(written)) {
      ruleOf(name.toLowerCase())({ path: [...path, name], written: values }, translation);
    }
  },
};

function ruleOf(header: string): Rule {
  if (header === "access-control-allow-origin") return allowOrigins;
  if (header === "access-control-allow-credentials") return allowCredentials;
  if (header.startsWith("access-control-")) return notNeeded("Berth sends it once server.cors.origins is set");
  if (ours.includes(header)) return notNeeded("Berth always sends it");
  return notHonoured("Berth cannot add custom headers; a reverse proxy in front can");
}

const allowOrigins: Rule = ({ path, written }, translation) => {
  translation.honour(path, ["server", "cors", "origins"], listOf(written));
};

/** With an origin of *, browsers ignore it (Fetch standard, "CORS check"), so no one can depend on it. */
const allowCredentials: Rule = ({ path, written }, translation) => {
  const headers = translation.document.find("http", "headers");
  const origins = isMap(headers)
    ? Object.entries(headers).flatMap(([name, values]) =>
        name.toLowerCase() === "access-control-allow-origin" ? listOf(values) : [],
      )
    : [];
  if (!listOf(written).includes("true")) translation.note(path, "not needed", "it allows none");
  else if (origins.length === 0 || origins.includes("*"))
    translation.note(path, "not honoured", "browsers ignore it unless Access-Control-Allow-Origin names origins");
  else translation.honour(path, ["server", "cors", "credentials"], "true");
};

/** Several origins in one value, separated by commas or spaces: browsers do not accept that, but people write it. */
function listOf(written: Written): readonly Written[] {
  const values = isList(written) ? written : [written];
  return values.flatMap((value): readonly Written[] =>
    typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : [value],
  );
}
