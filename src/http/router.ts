import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Router as ExpressRouter, NextFunction, RequestHandler } from "express";
import { RegistryError } from "../oci/errors.js";
import { respondWithError } from "./error-response.js";
import type { Exchange, PathParameters } from "./exchange.js";
import type { Handler } from "./handlers/handler.js";
import { sendEmpty } from "./send.js";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Name of a resource in metrics: the name that the distribution registry uses, if it has the resource. */
export type ResourceName =
  | "api"
  | "base"
  | "blob"
  | "blob_upload"
  | "blob_upload_chunk"
  | "catalog"
  | "extension"
  | "manifest"
  | "referrers"
  | "tags"
  | "token"
  | "ui";

/** One resource: its path as express writes it, and the handler of each method. */
export interface Resource {
  readonly name: ResourceName;
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
}

/** Answers an exchange, whatever it requests. */
export type Routes = (exchange: Exchange) => void;

/** What the router gets: node's own request, with the exchange that it belongs to. */
interface RoutedRequest extends IncomingMessage {
  exchange: Exchange;
  params: PathParameters;
}

/**
 * The router of express, as express itself loads it (lib/express.js), without the rest: that is a quarter of all that a
 * start has to load, and none of it is used. What `require` gives has no type.
 */
const Router = createRequire(import.meta.resolve("express"))("router") as typeof ExpressRouter;

/**
 * Routes over Node's own requests. Only express's router is used: its application replaces the prototypes of each
 * request and response, which costs more than the rest of a response.
 */
export function createRoutes(resources: readonly Resource[]): Routes {
  const router = Router({ caseSensitive: true });
  for (const resource of mergeByPath(resources)) router.all(resource.path, answerWith(resource));
  // The declared types demand express's request, but the router uses only what Node's has.
  const run = router as unknown as (request: RoutedRequest, response: unknown, done: NextFunction) => void;
  return (exchange) => {
    const request = Object.assign(exchange.request, { exchange, params: {} });
    run(request, exchange.response, (error?: unknown) => respondWithError(exchange, error ?? noSuchEndpoint(exchange)));
  };
}

/** Pull and push share paths; the first mention of a path determines its position. */
function mergeByPath(resources: readonly Resource[]): Resource[] {
  const merged = new Map<string, Resource>();
  for (const { name, path, methods } of resources) {
    merged.set(path, { name, path, methods: { ...merged.get(path)?.methods, ...methods } });
  }
  return [...merged.values()];
}

function answerWith({ name, methods }: Resource): RequestHandler {
  const handlers = new Map<string, Handler>(Object.entries(methods));
  const known = [...handlers.keys(), "OPTIONS"];
  // See createRoutes: the request is ours, whatever the router's types call it. The router catches what is thrown here.
  return (request) => {
    const { exchange, params, method = "" } = request as unknown as RoutedRequest;
    exchange.parameters = params;
    exchange.resource = name;
    exchange.knownMethods = known;
    const handler = handlers.get(method);
    if (handler !== undefined) return handler(exchange);
    if (method === "OPTIONS") return sendEmpty(exchange, 204, { Allow: known.join(", ") });
    throw new RegistryError("UNSUPPORTED", `${method} is not supported here`);
  };
}

function noSuchEndpoint(exchange: Exchange): RegistryError {
  return new RegistryError("UNSUPPORTED", `there is no endpoint ${exchange.path.slice(0, 200)}`, { status: 404 });
}
