import { listenAddress, urlPath } from "../address-kinds.js";
import { showValue } from "../problem.js";
import { becomes, ifTrue, notNeeded, type Rules } from "./rule.js";
import type { Translation } from "./translation.js";
import { truthOf } from "./written.js";

const target = ["metrics", "path"];

/** The section `http.debug`: a second port, which serves metrics only if `prometheus.enabled` is true. */
export const debugRules: Rules = {
  "http.debug.addr": ({ path, written }, translation) => {
    if (listenAddress.parse(written, "") === undefined) {
      translation.refuse(path, `must be ${listenAddress.expected}, not ${showValue(written)}`);
      return;
    }
    const { document } = translation;
    if (truthOf(document.find("http", "debug", "prometheus", "enabled")) !== true)
      translation.imply(path, target, null);
    translation.honour(path, ["metrics", "address"], written, "which has no profiles of the program (pprof)");
  },
  "http.debug.prometheus.enabled": ifTrue(({ path }, translation) => {
    if (hasPort(translation)) translation.note(path, "honoured", "metrics.path");
    else translation.note(path, "not needed", withoutPort);
  }, notNeeded("it is off")),
  "http.debug.prometheus.path": (said, translation) => {
    const { document } = translation;
    if (!hasPort(translation)) translation.note(said.path, "not needed", withoutPort);
    else if (truthOf(document.find("http", "debug", "prometheus", "enabled")) !== true)
      translation.note(said.path, "not needed", "prometheus.enabled is off");
    else
      becomes(target.join("."), { expected: urlPath.expected, parse: (text) => urlPath.parse(text, "") })(
        said,
        translation,
      );
  },
};

const withoutPort = "without http.debug.addr, neither registry:2 nor Berth has a second port";

function hasPort({ document }: Translation): boolean {
  return document.find("http", "debug", "addr") !== undefined;
}
