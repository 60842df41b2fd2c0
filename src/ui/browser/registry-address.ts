import type { Caller } from "./api/registry-answers.js";

/** The host that pulls name: the configured address, or else the one in the browser's address bar. */
export function addressOf({ registry }: Caller): string {
  return (registry.publicUrl ?? location.origin).replace(/^https?:\/\//, "").replace(/\/+$/, "");
}
