/** The pages that say what cannot be done, and what a person can do instead. */
import { html } from './html.ts';
import type { WebPage } from './layout.ts';

/** What stops somebody before they are where they wanted to be. */
export type Obstacle =
  | 'expired'
  | 'form-refused'
  | 'invitation-invalid'
  | 'launch-invalid'
  | 'no-membership'
  | 'own-login-closed'
  | 'own-login-passkey'
  | 'not-found'
  | 'request-invalid'
  | 'role-missing'
  | 'too-many'
  | 'unavailable'
  | 'wrong-origin';

interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly words: string;
}

const REFUSALS: Readonly<Record<Obstacle, Refusal>> = {
  expired: {
    status: 400,
    title: 'This took too long',
    words: 'The request to sign in has ended. Go back to the app and start again.',
  },
  'form-refused': {
    status: 403,
    title: 'This form is out of date',
    words: 'It was opened before you signed in or out, or in another window. Open the page again.',
  },
  'invitation-invalid': {
    status: 404,
    title: 'This invitation does not work',
    words: 'It was used, it has expired, or it was withdrawn. Ask the person who invited you for another.',
  },
  'launch-invalid': {
    status: 400,
    title: 'This app cannot be opened this way',
    words: 'Close it, and open it again from where you worked.',
  },
  'no-membership': {
    status: 403,
    title: 'You work for no organization here',
    words: 'Your account is fine, but no organization has given you a place. Ask its administrator.',
  },
  'own-login-closed': {
    status: 403,
    title: 'Sign in with your organization',
    words:
      'What you gave was right, but your organization lets you in by its own sign-in alone. Go back and choose it.',
  },
  'own-login-passkey': {
    status: 403,
    title: 'This account opens by a passkey alone',
    words: 'It is kept for the case that your organization’s sign-in is down.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such page',
    words: 'The address may have been typed wrong.',
  },
  'request-invalid': {
    status: 400,
    title: 'The app asked for something impossible',
    words: 'Nothing was given to it. Tell the people who make the app.',
  },
  'role-missing': {
    status: 403,
    title: 'You have no role for this',
    words:
      'Your account is fine, but your role in this organization does not open this app. Ask its administrator.',
  },
  'too-many': {
    status: 429,
    title: 'Too many attempts',
    words: 'Wait a while, then try again. Your account is safe.',
  },
  unavailable: {
    status: 503,
    title: 'Not right now',
    words: 'The server is busy. Nothing was lost; try again in a minute.',
  },
  'wrong-origin': {
    status: 403,
    title: 'This came from another site',
    words:
      'Another page sent this form for you, or you opened it at an address that is not this server’s own. Nothing was done.',
  },
};

/** @param detail what the standard calls it, for the people who make the app */
export function refusalPage(obstacle: Obstacle, detail?: string): WebPage & { readonly status: number } {
  const { status, title, words } = REFUSALS[obstacle];
  return {
    status,
    title,
    body: html`<p>${words}</p>
      ${detail !== undefined && html`<p class="soft">${detail}</p>`}`,
  };
}
