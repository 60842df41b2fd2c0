import { fileURLToPath } from "node:url";

/** Where package.json lies. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));
