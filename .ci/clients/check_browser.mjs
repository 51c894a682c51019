// The pages in a real browser: `check_browser.mjs PAGES_URL SCREENSHOT_DIR BINARY [STEP]`. BINARY is the server's program, for
// the step that needs a server with a token; only steps whose names contain STEP are run.
import assert from 'node:assert/strict';
import { Bench, launch } from './browser_bench.mjs';

const [base, screenshots, binary, only = ''] = process.argv.slice(2);
assert(base && screenshots && binary, 'usage: check_browser.mjs PAGES_URL SCREENSHOT_DIR BINARY [STEP]');
const MODULES = ['lists', 'trace', 'keys', 'tab', 'rows', 'brush', 'live', 'follow', 'compare', 'media', 'copy', 'panes', 'narrow', 'noscript', 'access', 'hostile'];

const browser = await launch();
const bench = new Bench(browser, { base, screenshots, binary });
const failed = [];
for (const module of MODULES) {
  const { steps } = await import(`./browser_${module}.mjs`);
  for (const [name, run] of Object.entries(steps)) {
    if (`${module}: ${name}`.includes(only)) await step(`${module}: ${name}`, run);
  }
}
await browser.close();
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);

// Every step runs, so that one report tells all that is wrong.
async function step(name, run) {
  bench.watch.reset();
  try {
    await run(bench);
    bench.watch.expectNone(name);
    console.log(`ok      browser: ${name}`);
  } catch (error) {
    failed.push(name);
    console.error(error, bench.watch.problems);
    console.log(`FAILED  browser: ${name}`);
  }
  await bench.closePages();
}
