import type { Logger } from "../observability/logger.js";
import type { Exchange } from "./exchange.js";

/** What the probes of Kubernetes and of clouds' load balancers send as their user agent, whatever path they request. */
const probes = /^(kube-probe|ELB-HealthChecker|GoogleHC)\//;

/** Writes the line of a request that is over: at debug if it is a probe that found all well. */
export function logAccess(exchange: Exchange, log: Logger): void {
  const { request, response, path } = exchange;
  const agent = request.headers["user-agent"];
  const isProbe = path === "/healthz" || path === "/readyz" || (agent !== undefined && probes.test(agent));
  log[isProbe && response.statusCode < 400 ? "debug" : "info"]("request", {
    method: request.method,
    path,
    status: response.headersSent ? response.statusCode : 0,
    bytes: exchange.sent,
    ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
    client: exchange.caller.address,
    agent,
    id: exchange.id,
    trace: exchange.traceId,
    cut: exchange.isCut ? true : undefined,
  });
}
