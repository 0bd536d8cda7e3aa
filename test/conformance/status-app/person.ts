/** A person of the demonstration in front of the server's pages of sign-in. */
import type { DemoUser } from '../../../tools/demo/users.ts';
import { codesNow } from '../../../tools/demo/users.ts';
import type { BrowserPage } from '../../browser.ts';

const PASSWORD = 'form[aria-label="Sign in with a password"]';
const CODE = 'form[aria-label="Second factor"]';

/** Types the user name unless it stands there, the password, and the code that a phone shows now. */
export async function passSignIn(page: BrowserPage, user: DemoUser): Promise<void> {
  await page.until(`document.querySelector('${PASSWORD} [name=password]')`);
  const typed = await page.value<string>(`document.querySelector('${PASSWORD} [name=login]').value`);
  if (typed !== user.username) await page.fill(`${PASSWORD} [name=login]`, user.username);
  await page.fill(`${PASSWORD} [name=password]`, user.password);
  await page.submit(`${PASSWORD} button.main`);
  await page.until(`document.querySelector('${CODE} [name=code]')`);
  await page.fill(`${CODE} [name=code]`, codesNow([user], Date.now()).codes[user.username] ?? '');
  await page.submit(`${CODE} button.main`);
}

/** Lets an app in, where the server asks. */
export async function allow(page: BrowserPage): Promise<void> {
  await page.until(`document.querySelector('button[name=answer][value=allow]')`);
  await page.submit('button[name=answer][value=allow]');
}
