// One browser for each file of tests, and a fresh page for each test. `run` sets STUDIO_URL.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const url = process.env.STUDIO_URL;
if (!url) throw new Error("STUDIO_URL is not set; start these tests with host-test/studio-tests/run");

/** The secret of the local Lambda's key, which no response may contain. */
export const SECRET = "local/lambda+secret/that+opens/nothing/elsewhere";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser;

/** Starts the browser before this file's tests and ends it after them. */
export function withBrowser() {
  before(async () => {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
  });
  after(() => browser?.close());
}

/** Opens the page, hands it to `test` and fails on any error of its script. */
export async function studio(test, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en", ...options });
  context.setDefaultTimeout(20_000);
  const errors = [];
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(url);
    await page.getByRole("radio").first().waitFor();
    await test(new Studio(page));
  } finally {
    await context.close();
  }
  if (errors.length > 0) throw new Error(`the page reported: ${errors.join("; ")}`);
}

/** The page by the names that its user sees. */
export class Studio {
  constructor(page) {
    this.page = page;
    this.status = page.locator("#status");
    this.received = page.locator("#received");
    this.result = page.getByRole("region", { name: "Result" });
    this.history = page.getByRole("region", { name: "Durable execution" });
  }

  text(name) {
    return this.page.getByRole("textbox", { name, exact: true });
  }

  box(name) {
    return this.page.getByRole("combobox", { name, exact: true });
  }

  option(name) {
    return this.page.getByRole("listbox").getByRole("option", { name });
  }

  /** Chooses a function by typing its name into the dropdown. */
  async choose(name) {
    await this.box("Your Functions").fill(name);
    await this.option(new RegExp(`^${name}\\b`)).first().click();
  }

  async open(summary) {
    await this.page.locator("summary:visible", { hasText: summary }).click();
  }

  async run() {
    await this.page.getByRole("button", { name: "Run", exact: true }).click();
  }

  async waitForStatus(text) {
    await this.status.filter({ hasText: text }).waitFor();
  }

  /** The value cell of an output. */
  output(name) {
    const label = this.page.getByRole("rowheader", { name, exact: true });
    return this.result.getByRole("row").filter({ has: label }).getByRole("cell");
  }

  /** The error message at a field. */
  async errorAt(field) {
    const [id] = (await field.getAttribute("aria-describedby")).split(" ");
    const error = this.page.locator(`[id="${id}"].error`);
    await error.waitFor();
    return error.textContent();
  }
}

/** What axe reports about the page as it is now. */
export async function faults(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
