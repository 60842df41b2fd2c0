import type { Digest } from "./digest.js";
import type { Platform } from "./platform.js";

/** A reference to content: image-spec, "Content Descriptors". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly urls?: readonly string[];
  /** For an image in an index. */
  readonly platform?: Platform;
  /** The content itself, in base64. */
  readonly data?: string;
}
