import { section, setting } from "./definition.js";
import { oneOf, truth } from "./kinds.js";

/** What is logged, and how. */
export const log = section("The log, on standard output.", {
  level: setting(oneOf("error", "warn", "info", "debug"), {
    default: "info",
    meaning: "error, warn, info or debug; each includes those before it.",
  }),
  format: setting(oneOf("text", "json"), { default: "text", meaning: "text for people, json for machines." }),
  access: setting(truth, { default: true, meaning: "Whether each request is logged, in one line." }),
});
