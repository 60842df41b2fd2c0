/** The platform of an image: image-spec, "Image Index Property Descriptions". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Of the processor, such as `v7`. */
  readonly variant?: string;
}

const words = /^[a-z0-9_.-]+$/i;

/** Parses `linux/arm/v7`; `undefined` if it is not a platform. */
export function parsePlatform(text: string): Platform | undefined {
  const [os = "", architecture = "", variant, ...rest] = text.split("/");
  const isPlatform = [os, architecture, variant ?? os].every((word) => words.test(word)) && rest.length === 0;
  return isPlatform ? { os, architecture, ...(variant !== undefined && { variant }) } : undefined;
}

export function showPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether an image is for the wanted platform; without a wanted variant, every variant matches. */
export function isOfPlatform(image: Platform, wanted: Platform): boolean {
  if (image.os !== wanted.os || image.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || variantOf(image) === wanted.variant;
}

/** The default variant of arm64, which is often left out (so does containerd's platforms package). */
function variantOf({ architecture, variant }: Platform): string | undefined {
  return architecture === "arm64" ? (variant ?? "v8") : variant;
}

/** Go's names of architectures, which images use, where Node's differ. */
const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  mipsel: "mipsle",
};

/** The platform of Linux containers on a machine. @param arch as `process.arch` */
export function linuxOn(arch: string): Platform {
  return { os: "linux", architecture: architectures[arch] ?? arch };
}
