import { connectionAttacks } from "./connection-attacks.mjs";
import { contentAttacks } from "./content-attacks.mjs";

/** Each runs until its signal; what it needs is made ready before anything is measured. */
export const attacks = [...connectionAttacks, ...contentAttacks];
