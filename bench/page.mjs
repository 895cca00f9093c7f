// Opens the portal's list of phones in a real browser, each time as somebody new, and prints what it weighed and when it could be used.
// Arguments: the folder with playwright-core, the browser, the portal's address, user and password, how often.
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const [modules, executablePath, base, username, password, times] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
const weights = [];
const compressed = [];
const interactive = [];
for (let round = 0; round < Number(times); round += 1) {
  // A context of its own: nothing is cached, and somebody signs in.
  const context = await browser.newContext({ baseURL: base, ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto("/login");
  await page.fill("[name=username]", username);
  await page.fill("[name=password]", password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/login")), page.press("[name=password]", "Enter")]);
  // The page before has filled the browser's cache, so another context with the same session looks for the first time.
  const fresh = await browser.newContext({ baseURL: base, ignoreHTTPSErrors: true, storageState: await context.storageState() });
  const list = await fresh.newPage();
  const answers = [];
  list.on("response", (answer) => answers.push(answer));
  await list.goto("/inventory/phone-hardware", { waitUntil: "load" });
  const measured = await list.evaluate(() => {
    const [document] = performance.getEntriesByType("navigation");
    const all = [document, ...performance.getEntriesByType("resource")];
    return { bytes: all.reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0), at: document.domInteractive, loaded: document.loadEventEnd };
  });
  weights.push(measured.bytes / 1000);
  const bodies = await Promise.all(answers.filter((answer) => new URL(answer.url()).pathname !== "/events").map((answer) => answer.body().catch(() => "")));
  compressed.push(bodies.reduce((sum, body) => sum + gzipSync(body).length, 0) / 1000);
  interactive.push(Math.max(measured.at, measured.loaded));
  await context.close();
  await fresh.close();
}
console.log(`page weight: ${median(compressed).toFixed(1)} kB in gzip, as a proxy in front sends it (goal 150); ${median(weights).toFixed(1)} kB as the server does`);
console.log(`usable, scripts run: ${median(interactive).toFixed(0)} ms, median of ${times} (goal 300)`);
await browser.close();
