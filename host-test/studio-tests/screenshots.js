// Takes the pictures of the documents, each below 150 KB: `run --screenshots`.

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { studio, withBrowser } from "./support.js";

withBrowser();

const LIMIT = 150_000;

async function shoot(ui, name) {
  const path = fileURLToPath(new URL(`../../docs/studio-${name}.png`, import.meta.url));
  await ui.page.evaluate(() => document.activeElement?.blur());
  await ui.page.screenshot({ path, animations: "disabled" });
  const { size } = statSync(path);
  if (size > LIMIT) throw new Error(`${path} has ${size} bytes, more than ${LIMIT}`);
}

test("form with an open dropdown", () =>
  studio(async (ui) => {
    await ui.box("Your Functions").fill("e");
    await ui.option("greet").waitFor();
    await ui.page.keyboard.press("ArrowDown");
    const path = fileURLToPath(new URL("../../docs/studio-form.png", import.meta.url));
    await ui.page.screenshot({ path, animations: "disabled" });
  }));

test("result", () =>
  studio(
    async (ui) => {
      await ui.choose("greet");
      await ui.text("Payload").fill('{"name": "Ada"}');
      await ui.box("Log Type").selectOption("Tail");
      await ui.run();
      await ui.waitForStatus("Succeeded");
      await ui.page.evaluate(() => scrollTo(0, 0));
      await shoot(ui, "result");
    },
    { viewport: { width: 1280, height: 800 } },
  ));

test("error on a narrow, dark screen", () =>
  studio(
    async (ui) => {
      await ui.choose("fail");
      await ui.run();
      await ui.waitForStatus("Function failed");
      await ui.page.evaluate(() => document.getElementById("result").scrollIntoView());
      await shoot(ui, "narrow-dark");
    },
    { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  ));
