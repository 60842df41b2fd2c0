import type { Logger } from "../observability/logger.js";
import type { Exchange } from "./exchange.js";

/** One line for each request, when its answer is through or the client is gone. */
export function logAccess(exchange: Exchange, log: Logger): void {
  const { request, response } = exchange;
  exchange.whenOver(() => {
    log.info("request", {
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
