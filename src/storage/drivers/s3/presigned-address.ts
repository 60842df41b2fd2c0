import { createHash, createHmac } from "node:crypto";

/** What an address is signed with. */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

interface Signed {
  readonly keys: SigningKeys;
  readonly region: string;
  readonly at: Date;
  readonly expiresInSeconds: number;
  /** What the store shall answer with, as names and values of its query. */
  readonly answer?: Readonly<Record<string, string>>;
}

/**
 * Signs the address of an object, so that whoever has it may read the object for a while (AWS Signature Version 4, in
 * the query).
 * @param address without a query
 */
export function presigned(address: URL, { keys, region, at, expiresInSeconds, answer = {} }: Signed): URL {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const query = new Map([
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${keys.accessKeyId}/${scope}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(expiresInSeconds)],
    ...(keys.sessionToken === undefined ? [] : [["X-Amz-Security-Token", keys.sessionToken] as const]),
    ["X-Amz-SignedHeaders", "host"],
    ...Object.entries(answer),
  ]);
  const text = [...query].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  const request = ["GET", address.pathname, text, `host:${address.host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(request).digest("hex")].join("\n");
  const key = scope
    .split("/")
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${keys.secretAccessKey}`);
  return new URL(`${address.href}?${text}&X-Amz-Signature=${hmac(key, toSign).toString("hex")}`);
}

/** More characters are encoded than in other addresses. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
