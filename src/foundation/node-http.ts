/**
 * Node's HTTP, to be imported from here: `import` reads every export of a built-in module, and since Node 22 one of
 * those of `node:http` loads undici, which Berth does not use: 40 ms and 15 MB of every start.
 */
export const http = process.getBuiltinModule("node:http");

/** Node's HTTPS, loaded when it is needed: it brings TLS, which takes another 15 ms. */
export function https(): typeof import("node:https") {
  return process.getBuiltinModule("node:https");
}
