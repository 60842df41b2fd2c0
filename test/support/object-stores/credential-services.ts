import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Scope } from "../scope.js";

/** A request to one of the services. */
export interface AskedForKeys {
  /** Such as `PUT /latest/api/token`, or the action of STS. */
  readonly what: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** The keys that all of them give. */
export const temporary = { accessKeyId: "ASIATEMPORARY", secretAccessKey: "temporary", sessionToken: "session" };

const metadata = "/latest/meta-data/iam/security-credentials/";
const sessionOfMetadata = "metadata-session";

/**
 * The services of AWS that give keys, in this process: the metadata of an instance (version 2 only), the keys of a
 * container, and STS.
 */
export class CredentialServices {
  readonly asked: AskedForKeys[] = [];
  /** Which keys are given from now on, and how soon they expire. */
  given = { ...temporary, expireAfterMs: 3_600_000 };
  readonly url: string;

  static async start(scope: Scope): Promise<CredentialServices> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    scope.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    // The address of a server on a port, not on a pipe, is of this kind.
    const services = new CredentialServices(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const what = form.get("Action") ?? `${request.method} ${request.url}`;
      services.asked.push({ what, headers: request.headers, form });
      const answer = services.#answer(what, request.headers);
      response.writeHead(answer === undefined ? 401 : 200).end(answer ?? "");
    });
    return services;
  }

  private constructor(url: string) {
    this.url = url;
  }

  #answer(what: string, headers: IncomingHttpHeaders): string | undefined {
    if (what === "PUT /latest/api/token") return sessionOfMetadata;
    if (what.startsWith(`GET ${metadata}`)) {
      if (headers["x-aws-ec2-metadata-token"] !== sessionOfMetadata) return undefined;
      return what === `GET ${metadata}` ? "berth-role" : keysAsJson(this.given);
    }
    if (what === "GET /container")
      return headers.authorization === "container-token" ? keysAsJson(this.given) : undefined;
    return /^AssumeRole/.test(what) ? keysAsXml(what) : undefined;
  }
}

const after = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();

function keysAsJson(given: CredentialServices["given"]): string {
  const { accessKeyId, secretAccessKey, sessionToken, expireAfterMs } = given;
  const keys = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken };
  return JSON.stringify({ Code: "Success", Type: "AWS-HMAC", ...keys, Expiration: after(expireAfterMs) });
}

function keysAsXml(action: string): string {
  const { accessKeyId, secretAccessKey, sessionToken } = temporary;
  const keys = `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>${sessionToken}</SessionToken><Expiration>${after(3_600_000)}</Expiration>`;
  const user =
    "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/berth/berth</Arn><AssumedRoleId>A</AssumedRoleId></AssumedRoleUser>";
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>${keys}</Credentials>${user}</${action}Result></${action}Response>`;
}
