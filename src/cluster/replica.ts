/** One process of a cluster, as others know it. */
export interface Replica {
  /** Host and port of its internal listener, as in a URL. */
  readonly address: string;
  /** New at each start: another process may have taken over the address. */
  readonly instance: string;
}

const pattern = /^(?<address>\S{1,300}) (?<instance>[0-9a-f-]{36})$/;

/** As it is written where other replicas find it, such as in a lease. */
export function describeReplica({ address, instance }: Replica): string {
  return `${address} ${instance}`;
}

/** `undefined` if the text describes none: a Berth without `cluster` says nothing. */
export function parseReplica(text: string | undefined): Replica | undefined {
  const { address, instance } = pattern.exec(text ?? "")?.groups ?? {};
  if (address === undefined || instance === undefined || !URL.canParse(`http://${address}/`)) return undefined;
  const { host, pathname, username } = new URL(`http://${address}/`);
  // Someone who can write to the bucket must not be able to choose more than a host and a port.
  return host !== "" && pathname === "/" && username === "" ? { address, instance } : undefined;
}
