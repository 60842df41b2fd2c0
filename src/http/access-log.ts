import type { Logger } from "../observability/logger.js";
import type { Exchange } from "./exchange.js";

/** How the probes of Kubernetes and of clouds' load balancers call themselves, whatever path they ask for. */
const probes = /^(kube-probe|ELB-HealthChecker|GoogleHC)\//;

/** One line for each request, when its answer is through or the client is gone; at debug if a probe found all well. */
export function logAccess(exchange: Exchange, log: Logger): void {
  const { request, response } = exchange;
  exchange.whenOver(() => {
    log[isProbe(exchange) && response.statusCode < 400 ? "debug" : "info"]("request", {
      method: request.method,
      path: exchange.path,
      status: response.headersSent ? response.statusCode : 0,
      bytes: exchange.sent,
      ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
      client: exchange.caller.address,
      agent: request.headers["user-agent"],
      id: exchange.id,
      cut: exchange.isCut ? true : undefined,
    });
  });
}

function isProbe({ path, request }: Exchange): boolean {
  return path === "/healthz" || path === "/readyz" || probes.test(request.headers["user-agent"] ?? "");
}
