import type { IncomingMessage } from "node:http";
import { type NextFunction, type RequestHandler, Router } from "express";
import { RegistryError } from "../oci/errors.js";
import { respondWithError } from "./error-response.js";
import type { Exchange, PathParameters } from "./exchange.js";
import type { Handler } from "./handlers/handler.js";
import type { Method, Resource } from "./route-table.js";
import { sendEmpty } from "./send.js";

/** Answers an exchange, whatever it asks. */
export type Routes = (exchange: Exchange) => void;

/** What the router is given: node's own request, with the exchange that it belongs to. */
interface RoutedRequest extends IncomingMessage {
  exchange: Exchange;
  params: PathParameters;
}

/**
 * Routes over node's own requests. Of express only the router is used: its application replaces the prototypes of each
 * request and response, which costs more than all the rest of an answer.
 */
export function createRoutes(resources: readonly Resource[]): Routes {
  const router = Router({ caseSensitive: true });
  for (const { path, methods } of mergeByPath(resources)) {
    router.all(path, adapt(dispatch(methods)));
  }
  // The declared types ask for express's request, of which a router touches only what node's has.
  const run = router as unknown as (request: RoutedRequest, response: unknown, done: NextFunction) => void;
  return (exchange) => {
    const request = Object.assign(exchange.request, { exchange, params: {} });
    run(request, exchange.response, (error?: unknown) => respondWithError(exchange, error ?? noSuchEndpoint(exchange)));
  };
}

/** Pull and push share paths; where a path is first named decides when it is tried. */
function mergeByPath(resources: readonly Resource[]): Resource[] {
  const merged = new Map<string, Resource>();
  for (const { path, methods } of resources) {
    merged.set(path, { path, methods: { ...merged.get(path)?.methods, ...methods } });
  }
  return [...merged.values()];
}

function dispatch(methods: Resource["methods"]): Handler {
  const known = [...Object.keys(methods), "OPTIONS"];
  return (exchange) => {
    exchange.knownMethods = known;
    const method = exchange.request.method ?? "";
    const handler = isMethod(method, methods) ? methods[method] : undefined;
    if (handler !== undefined) return handler(exchange);
    if (method === "OPTIONS") return sendEmpty(exchange, 204, { Allow: known.join(", ") });
    throw new RegistryError("UNSUPPORTED", `${method} is not supported here`);
  };
}

function isMethod(text: string, methods: Resource["methods"]): text is Method {
  return Object.hasOwn(methods, text);
}

function adapt(handler: Handler): RequestHandler {
  const run = async (request: RoutedRequest) => {
    request.exchange.parameters = request.params;
    await handler(request.exchange);
  };
  // See createRoutes: the request is ours, whatever the router's types call it.
  return (request, _response, next) => void run(request as unknown as RoutedRequest).catch(next);
}

function noSuchEndpoint(exchange: Exchange): RegistryError {
  return new RegistryError("UNSUPPORTED", `there is no endpoint ${exchange.path.slice(0, 200)}`, { status: 404 });
}
