import { AccessRefusal } from "../../registry/access-refusal.js";
import { sendBytes, sendJson } from "../send.js";
import type { Handler } from "./handler.js";

/** Extensions of the specification that clients may use (distribution-spec, extensions/_oci.md). */
const extensions = [
  {
    name: "_catalog",
    url: "https://github.com/opencontainers/distribution-spec/tree/main/extensions",
    description: "Lists the repositories of this registry.",
    endpoints: ["/v2/_catalog"],
  },
];

const empty = Buffer.from("{}");
const greeting = Buffer.from("Berth, a container registry. Its API is at /v2/.\n");

/** Says that this is a registry (distribution-spec, "Determining Support"). */
export const ping: Handler = function ping(exchange) {
  // This is the only response from which docker and podman learn how to authenticate.
  if (exchange.admission?.isProved === false) throw new AccessRefusal("UNAUTHORIZED", "authentication required");
  sendBytes(exchange, 200, { "Content-Type": "application/json" }, empty);
};

export const discoverExtensions: Handler = function discoverExtensions(exchange) {
  sendJson(exchange, 200, { extensions });
};

/** For load balancers that were set up for the distribution registry. */
export const greet: Handler = function greet(exchange) {
  sendBytes(exchange, 200, { "Content-Type": "text/plain; charset=utf-8" }, greeting);
};
