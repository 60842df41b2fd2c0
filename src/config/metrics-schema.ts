import { listenAddress, urlPath } from "./address-kinds.js";
import { nullableSetting, optionalSection, requiredSetting } from "./definition.js";

/** Metrics for Prometheus. */
export const metrics = optionalSection("Metrics for Prometheus, on a separate port; see config/metrics.md.", {
  address: requiredSetting(listenAddress, {
    example: "127.0.0.1:9464",
    meaning: "Address to listen on, without login: anyone who can connect sees the metrics; :9464 is every address.",
    needsRestart: true,
  }),
  path: nullableSetting(urlPath, {
    default: "/metrics",
    meaning: "Path of the metrics; null serves only /healthz and /debug/health.",
    needsRestart: true,
  }),
});
