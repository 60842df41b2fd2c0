import type { Logger } from "../observability/logger.js";

/** A logger for one request: every line says its id, which the answer carries as `X-Request-Id`. */
export function requestLog(log: Logger, id: string): Logger {
  return {
    debug: (event, fields) => log.debug(event, { ...fields, id }),
    info: (event, fields) => log.info(event, { ...fields, id }),
    warn: (event, fields) => log.warn(event, { ...fields, id }),
    error: (event, fields) => log.error(event, { ...fields, id }),
  };
}
