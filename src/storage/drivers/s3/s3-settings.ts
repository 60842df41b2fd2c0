/** Where the bucket is, and how it is used: the section `storage.s3` of the configuration. */
export interface S3Settings {
  readonly bucket: string;
  readonly region: string | undefined;
  /** The address of a store other than AWS. */
  readonly endpoint: string | undefined;
  /** Keys begin with it, as with registry:2's `rootdirectory`. */
  readonly prefix: string | undefined;
  /** Whether the bucket is part of the path, rather than of the host name; `undefined`: with an endpoint. */
  readonly pathStyle: boolean | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly roleArn: string | undefined;
  readonly caFile: string | undefined;
  readonly sse: "none" | "AES256" | "aws:kms" | "aws:kms:dsse";
  readonly sseKmsKeyId: string | undefined;
  readonly storageClass: string | undefined;
  /** Bytes of each part of a large upload. */
  readonly partSize: number;
  /** Whether all parts must have the same size, so that they cannot grow with the upload. */
  readonly equalParts: boolean;
  /** How long a pull may take a tag or link for unchanged that is asked for often, in milliseconds. */
  readonly tagFreshness: number;
  /** How clients read large blobs from the store themselves; `undefined`: they do not. */
  readonly redirect: { readonly endpoint: string | undefined; readonly expires: number } | undefined;
  /** Where copies of blobs that are pulled are kept on this machine; `undefined`: nowhere. */
  readonly localCache: { readonly root: string; readonly maxSize: number } | undefined;
  /** A local folder for content that is not complete yet; `undefined`: below the system's temporary folder. */
  readonly staging: string | undefined;
}
