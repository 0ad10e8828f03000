// Pictures of the page for the README, each below 150 KB: `run --screenshots`.

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { studio, withBrowser } from "./support.js";

withBrowser();

const LIMIT = 150_000;

async function shoot(at, name) {
  const path = fileURLToPath(new URL(`../../docs/studio-${name}.png`, import.meta.url));
  await at.page.evaluate(() => document.activeElement?.blur());
  await at.page.screenshot({ path, animations: "disabled" });
  const { size } = statSync(path);
  if (size > LIMIT) throw new Error(`${path} has ${size} bytes, more than ${LIMIT}`);
}

test("choosing", () =>
  studio(async (at) => {
    await at.box("Your Functions").fill("e");
    await at.option("greet").waitFor();
    await at.page.keyboard.press("ArrowDown");
    const path = fileURLToPath(new URL("../../docs/studio-form.png", import.meta.url));
    await at.page.screenshot({ path, animations: "disabled" });
  }));

test("a result", () =>
  studio(
    async (at) => {
      await at.choose("greet");
      await at.text("Payload").fill('{"name": "Ada"}');
      await at.box("Log Type").selectOption("Tail");
      await at.run();
      await at.says("Succeeded");
      await at.page.evaluate(() => scrollTo(0, 0));
      await shoot(at, "result");
    },
    { viewport: { width: 1280, height: 800 } },
  ));

test("an error, narrow and dark", () =>
  studio(
    async (at) => {
      await at.choose("fail");
      await at.run();
      await at.says("Function failed");
      await at.page.evaluate(() => document.getElementById("result").scrollIntoView());
      await shoot(at, "narrow-dark");
    },
    { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  ));
