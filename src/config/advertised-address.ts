import { hostName, type Kind, splitAddress } from "./kinds.js";

/** How others reach an address that is listened on. */
export const advertisedAddress: Kind<string> = {
  expected: "an address or a host name, with or without a port, such as 10.0.0.5 or berth-0.berth:5100",
  parse: (written) => (typeof written === "string" && splitAdvertised(written) !== undefined ? written : undefined),
};

/** Host of an address, and its port if it has one. `undefined` if invalid. */
export function splitAdvertised(
  address: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const bare = /^\[(.+)\]$/.exec(address)?.[1] ?? address;
  if (hostName.parse(bare, "") !== undefined) return { host: bare, port: undefined };
  const { host, port } = splitAddress(address) ?? {};
  return host === undefined || host === "::" || port === 0 ? undefined : { host, port };
}
