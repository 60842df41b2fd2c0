/** `npm run faults -- --seconds 600 --seed 42` sets both. */
export const faultSeed = Number(process.env.FAULTS_SEED ?? "20261127");

/** How long the longest tests run beside the others. */
const usualSeconds = 45;

/** @param seconds of a test that runs with the others; a longer run makes all of them longer */
export function faultSeconds(seconds: number): number {
  return (seconds * Number(process.env.FAULTS_SECONDS ?? usualSeconds)) / usualSeconds;
}
