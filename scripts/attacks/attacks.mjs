import { connectionAttacks } from "./connection-attacks.mjs";
import { contentAttacks } from "./content-attacks.mjs";

/** Each runs until its signal is aborted; its preparation is not measured. */
export const attacks = [...connectionAttacks, ...contentAttacks];
