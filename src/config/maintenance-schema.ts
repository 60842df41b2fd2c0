import { nullableSetting, section, setting } from "./definition.js";
import { duration, longestTimer, size } from "./kinds.js";
import { dailyWindow, share } from "./maintenance-kinds.js";

/** What Berth does by itself to keep the storage in order. */
export const maintenance = section("What keeps the storage in order while Berth serves.", {
  gc: section("Garbage collection: removes what no image needs, while images are pushed and pulled.", {
    every: nullableSetting(duration({ from: "1s", to: longestTimer }), {
      default: "24h",
      meaning: "How often garbage is collected; null: only by `berth gc`.",
    }),
    grace: setting(duration({ from: "0s", to: longestTimer }), {
      default: "1h",
      meaning: "How long content must have been unneeded before it is removed.",
    }),
    claim: setting(duration({ from: "1s", to: longestTimer }), {
      default: "24h",
      meaning: "How long a client may rely on the answer that it need not upload some content.",
    }),
    trash: setting(duration({ from: "0s", to: longestTimer }), {
      default: "24h",
      meaning: "How long removed content can be restored by `berth gc undelete`; it takes up space until then.",
    }),
    window: nullableSetting(dailyWindow, {
      default: null,
      example: "01:00-05:00",
      meaning: "When a collection may begin, in local time; null: at any time.",
    }),
    share: setting(share, {
      default: 0.5,
      meaning:
        "Part of the time, from 0.01 to 1, in which a collection works beside an idle server; beside a busy one, less.",
    }),
  }),
  fsck: section("The check whether everything stored is there and whole, which also mends what it can.", {
    every: nullableSetting(duration({ from: "1s", to: "3650d" }), {
      default: "30d",
      meaning: "How often everything is checked; null: only by `berth fsck`, such as for a bucket that costs per read.",
    }),
    window: nullableSetting(dailyWindow, {
      default: null,
      example: "01:00-05:00",
      meaning: "When a check may begin, in local time; null: at any time.",
    }),
    rate: setting(size({ from: "64KiB", to: "1TiB" }), {
      default: "20MiB",
      meaning: "Bytes that a check reads per second while Berth serves; a small blob counts as 64 KiB.",
    }),
  }),
});
