// Opens pages in a real Chromium, at two widths and in both themes: axe-core finds nothing, and nothing is wider than the page.
//   node page_judges.js CHROMIUM FOLDER_OF_JUDGES PAGE...
"use strict";
const path = require("path");
const fs = require("fs");
const { pathToFileURL } = require("url");
const [chromium, judges, ...pages] = process.argv.slice(2);
const puppeteer = require(path.join(judges, "node_modules/puppeteer-core"));
const axe = fs.readFileSync(path.join(judges, "node_modules/axe-core/axe.min.js"), "utf8");

async function judge(browser, file, width, theme) {
  const page = await browser.newPage();
  const problems = [];
  page.on("request", (asked) => asked.url().startsWith("file:") || problems.push(`it asks for ${asked.url()}`));
  page.on("pageerror", (error) => problems.push(`its script fails: ${error.message}`));
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.goto(pathToFileURL(path.resolve(file)).href);
  // What is folded is judged, too.
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) problems.push(`it is ${wide} wide`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations) {
    problems.push(`axe: ${one.id}: ${one.help}: ${one.nodes.length} times, such as ${one.nodes[0].html.slice(0, 200)}`);
  }
  await page.close();
  return problems.map((problem) => `${file} at ${width}, ${theme}: ${problem}`);
}

(async () => {
  const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox"] });
  const problems = [];
  for (const file of pages) {
    for (const width of [1280, 400]) {
      for (const theme of ["light", "dark"]) problems.push(...(await judge(browser, file, width, theme)));
    }
  }
  await browser.close();
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
})();
