import { nullableSetting, optionalSection, requiredSetting } from "./definition.js";
import { listenAddress, urlPath } from "./kinds.js";

/** What Prometheus is shown. */
export const metrics = optionalSection("Metrics for Prometheus, on a port of their own; see config/metrics.md.", {
  address: requiredSetting(listenAddress, {
    example: "127.0.0.1:9464",
    meaning: "Address to listen on, without login: only for those who may see the numbers; :9464 is every address.",
    needsRestart: true,
  }),
  path: nullableSetting(urlPath, {
    default: "/metrics",
    meaning: "Path of the metrics; null leaves only /healthz and /debug/health there.",
    needsRestart: true,
  }),
});
