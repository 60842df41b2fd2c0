import type { Note } from "../config/registry2/translation.js";
import type { Logger } from "../observability/logger.js";

/** Logs what became of each setting of registry:2; as a warning, if someone may miss it. */
export function logRegistry2(notes: readonly Note[], log: Logger): void {
  for (const { where, setting, verdict, meaning } of notes) {
    const level = verdict === "honoured" || verdict === "not needed" ? "info" : "warn";
    log[level](`setting of registry:2 ${verdict}`, { setting, where, meaning });
  }
}
