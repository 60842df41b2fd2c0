import type { Handler } from "./handlers/handler.js";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One resource: its path as express writes it, and who answers which method. */
export interface Resource {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
}
