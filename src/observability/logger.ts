/** Facts about an event. Values are printed as JSON; an Error with its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Logs events, not prose: `log.info("blob pushed", { repository, digest, size })`. Never a credential. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
