import { type Kind, size } from "./kinds.js";

type DiskPart = { readonly bytes: number } | { readonly share: number };

/** Bytes, or percent of the disk. */
export const diskPart: Kind<DiskPart> = {
  expected: "a size such as 20GiB, or a part of the disk from 0.1% to 90% such as 10%",
  parse: (written) => {
    const [, percent] = typeof written === "string" ? (/^(\d{1,2}(?:\.\d{1,3})?) ?%$/.exec(written) ?? []) : [];
    if (percent === undefined) {
      const bytes = size({ from: "1MiB", to: "1024TiB" }).parse(written, "");
      return bytes === undefined ? undefined : { bytes };
    }
    const share = Number(percent) / 100;
    return share >= 0.001 && share <= 0.9 ? { share } : undefined;
  },
};
