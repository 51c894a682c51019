// A browser page under watch: whatever should never happen on a page is noted, whenever it happens.
import assert from 'node:assert/strict';

export class Watch {
  problems = [];
  // Console errors that the step under way provokes on purpose.
  expected = null;

  async attach(context) {
    await context.exposeBinding('reportViolation', (source, violation) => this.note(`CSP violation: ${violation}`));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    context.on('page', (page) => this.follow(page));
  }

  reset() {
    this.problems = [];
    this.expected = null;
  }

  follow(page) {
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      if (this.expected?.test(message.text())) return;
      this.note(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.note(`uncaught: ${error}`));
    page.on('dialog', async (dialog) => {
      this.note(`a dialog opened: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(this.base) && !request.url().startsWith('data:')) this.note(`a request to ${request.url()}`);
    });
  }

  note(problem) {
    this.problems.push(problem);
  }

  expectNone(where) {
    assert.deepEqual(this.problems, [], `on ${where}`);
  }
}

// No page may be wider than the screen: on a phone half of every row would be out of sight. Says so if one is.
export async function sidewaysScroll(page, where) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  return wide <= screen ? [] : [`${where} is ${wide} px wide on a screen of ${screen} px`];
}
