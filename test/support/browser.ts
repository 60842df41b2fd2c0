import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { projectRoot, toolPath } from "./project.js";
import type { Scope } from "./scope.js";

/** How a page is looked at. */
export interface Look {
  readonly theme: "light" | "dark";
  /** In pixels. */
  readonly width: number;
}

/** The themes and widths that each view must be good in. */
export const looks: readonly Look[] = [
  { theme: "light", width: 360 },
  { theme: "dark", width: 360 },
  { theme: "light", width: 1600 },
  { theme: "dark", width: 1600 },
];

const pictures = join(projectRoot, ".build/screenshots");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** A Chromium that ends with the test. What a page logs as an error, such as a broken policy, fails the test. */
export class Browser {
  readonly #open: (look: Look) => Promise<BrowserContext>;
  readonly #problems: string[] = [];

  private constructor(open: (look: Look) => Promise<BrowserContext>) {
    this.#open = open;
  }

  static async start(scope: Scope): Promise<Browser> {
    const chrome = await chromium.launch({ executablePath: toolPath("chromium"), args: ["--no-sandbox"] });
    scope.defer(() => chrome.close());
    return new Browser(({ theme, width }) =>
      chrome.newContext({
        colorScheme: theme,
        viewport: { width, height: width < 600 ? 780 : 1000 },
        permissions: ["clipboard-read", "clipboard-write"],
      }),
    );
  }

  /** A page of a browser that has no cookies yet. */
  async page(base: string, look: Look = { theme: "light", width: 1600 }): Promise<Page> {
    const context = await this.#open(look);
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.#problems.push(error.message));
    page.on("console", (message) => {
      // Chromium logs each answer that is an error, which some of them are to be.
      const isNews = message.type() === "error" && !message.text().startsWith("Failed to load resource");
      if (isNews) this.#problems.push(message.text());
    });
    await page.goto(base);
    return page;
  }

  /** Fails if a script of any page failed, or was stopped by the page's policy. */
  expectNoProblems(): void {
    assert.deepEqual(this.#problems, []);
  }
}

/** Checks a view by the rules of WCAG 2.2 AA, looks whether it fits, and takes a picture. */
export async function examine(page: Page, name: string, { theme, width }: Look): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async (values) => {
    // axe puts itself into the page.
    const { axe: checker } = globalThis as unknown as {
      axe: { run(context: object, options: object): Promise<{ violations: Violation[] }> };
    };
    const found = await checker.run({ include: ["html"] }, { runOnly: values });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  }, rules);
  assert.deepEqual(violations, [], `${name}, ${theme}, ${width}`);
  const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  assert.equal(overflow, 0, `${name} is wider than ${width} pixels`);
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}-${width}-${theme}.png`), fullPage: true });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}
