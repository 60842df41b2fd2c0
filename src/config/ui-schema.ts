import { section, setting } from "./definition.js";
import { truth } from "./kinds.js";

/**
 * The web page. It is on by default: people who open a registry's address in a browser expect one, it costs nothing
 * until then, and it shows nobody more than the API does.
 */
export const ui = section("The web page at /ui/.", {
  enabled: setting(truth, { default: true, meaning: "Whether it is served; / then leads browsers there." }),
});
