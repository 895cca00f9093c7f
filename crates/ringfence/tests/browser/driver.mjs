// A real browser, told line by line what to do: a JSON object on standard input is one act, a JSON object on standard output its
// answer. The stories are told in Rust, beside the phones; this file knows nothing of them.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// The sandbox needs rights that a container's root does not give; only our own pages are opened.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP *.example.net 127.0.0.1"] });
let context;
let page;
let complaints = [];

const found = ({ role, name, label, selector, nth }) => {
  const all = role ? page.getByRole(role, { name, exact: true }) : label ? page.getByLabel(label, { exact: true }).and(page.locator("input, select, textarea")) : page.locator(selector);
  return nth === undefined ? all.first() : all.nth(nth);
};

const acts = {
  async open({ base, dark, telephone, locale, script }) {
    await context?.close();
    context = await browser.newContext({
      baseURL: base,
      ignoreHTTPSErrors: true,
      javaScriptEnabled: script !== false,
      colorScheme: dark ? "dark" : "light",
      locale: locale ?? "en-GB",
      timezoneId: "Europe/Berlin",
      viewport: telephone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      hasTouch: Boolean(telephone),
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(60_000);
    page = await context.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("console", (line) => {
      // A page that is refused is an answer like any other; what is wrong with it the stories ask.
      if (line.type() === "error" && !line.text().startsWith("Failed to load resource")) complaints.push(`console: ${line.text()}`);
    });
  },
  async goto({ path }) {
    const answer = await page.goto(path);
    return answer.status();
  },
  fill: (at) => found(at).fill(at.value),
  type: (at) => found(at).pressSequentially(at.value),
  click: (at) => found(at).click(),
  choose: (at) => found(at).selectOption(at.value),
  check: (at) => found(at).setChecked(at.value),
  press: ({ key }) => page.keyboard.press(key),
  upload: (at) => found(at).setInputFiles({ name: at.file, mimeType: "text/csv", buffer: Buffer.from(at.text) }),
  text: (at) => found(at).innerText(),
  attribute: (at) => found(at).getAttribute(at.attribute),
  waits: (at) => (at.text === undefined ? found(at) : page.locator(at.selector).filter({ hasText: at.text }).first()).waitFor(),
  gone: (at) => (at.text === undefined ? found(at) : page.locator(at.selector).filter({ hasText: at.text }).first()).waitFor({ state: "hidden" }),
  count: ({ selector }) => page.locator(selector).count(),
  focused: () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? ""),
  wide: () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  mark: () => page.evaluate(() => { window.marked = true; }),
  marked: () => page.evaluate(() => window.marked === true),
  url: () => page.url(),
  reload: async () => (await page.reload()).status(),
  shot: ({ file, full }) => page.screenshot({ path: file, fullPage: full !== false }),
  complaints: () => complaints,
  async axe() {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${node.any.map((check) => check.message).join("; ").slice(0, 200)}`));
  },
  async download(at) {
    const [download] = await Promise.all([page.waitForEvent("download"), found(at).click()]);
    return readFileSync(await download.path(), "utf8");
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, ...at } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await acts[act](at)) ?? null };
  } catch (error) {
    answer = { error: `${act} ${JSON.stringify(at)}: ${error.message}`.slice(0, 2000) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
