import type { S3Client } from "@aws-sdk/client-s3";
import { encoded, presigned } from "./presigned-address.js";
import type { S3Settings } from "./s3-settings.js";

const ownForMs = 5 * 60_000;

/** Addresses at which clients may read objects from the store themselves, for a while. */
export class ObjectAddresses {
  readonly #client: S3Client;
  readonly #settings: S3Settings;
  readonly #expiresInSeconds: number;

  /** `undefined` if clients get all content from Berth. */
  static of(client: S3Client, settings: S3Settings): ObjectAddresses | undefined {
    return settings.redirect && new ObjectAddresses(client, settings, settings.redirect.expires);
  }

  /** Addresses at which this process reads objects. */
  static own(client: S3Client, settings: S3Settings): ObjectAddresses {
    return new ObjectAddresses(client, { ...settings, redirect: undefined }, ownForMs);
  }

  private constructor(client: S3Client, settings: S3Settings, expiresMs: number) {
    this.#client = client;
    this.#settings = settings;
    this.#expiresInSeconds = Math.floor(expiresMs / 1000);
  }

  /** @param object of a request */
  async addressOf({ Bucket, Key }: { readonly Bucket: string; readonly Key: string }): Promise<string> {
    const { config } = this.#client;
    const [keys, region] = await Promise.all([config.credentials(), config.region()]);
    const path = Key.split("/").map(encoded).join("/");
    const address = new URL(`${await this.#addressOfBucket(Bucket, region)}/${path}`);
    // The client sets its clock by the store's.
    const at = new Date(Date.now() + config.systemClockOffset);
    const answer = { "response-content-type": "application/octet-stream" };
    return presigned(address, { keys, region, at, expiresInSeconds: this.#expiresInSeconds, answer }).href;
  }

  /** By the rules of AWS, which differ between its regions and networks, and which the client follows, too. */
  async #addressOfBucket(bucket: string, region: string): Promise<string> {
    const { endpoint, pathStyle = endpoint !== undefined, redirect } = this.#settings;
    const { config } = this.#client;
    const [UseFIPS, UseDualStack, configured] = await Promise.all([
      config.useFipsEndpoint(),
      config.useDualstackEndpoint(),
      // By the environment or a profile.
      config.serviceConfiguredEndpoint?.(),
    ]);
    const named = redirect?.endpoint ?? endpoint ?? configured;
    const network = named === undefined ? { UseFIPS, UseDualStack } : { Endpoint: named };
    const { url } = config.endpointProvider({ Bucket: bucket, Region: region, ForcePathStyle: pathStyle, ...network });
    return url.href.replace(/\/$/, "");
  }
}
