/** The first page of the demonstration: what this is, and how either side signs in. */
import { html, type Html } from '../../src/http/auth/pages/html.ts';
import { codesNow, type DemoUser } from './users.ts';
import { ORGANIZATIONS } from './organizations.ts';
import type { World } from './world.ts';

/** Who a person of the demonstration is, as the page says it. */
const SIDES: Readonly<Record<DemoUser['side'], { readonly name: string; readonly does: string }>> = {
  initiator: { name: ORGANIZATIONS.initiator.name, does: 'Sends referrals' },
  recipient: { name: ORGANIZATIONS.recipient.name, does: 'Receives referrals' },
  administrator: { name: 'This server', does: 'Invites people, registers apps' },
};

/** @param now milliseconds since 1970 */
export function startPage({ base, users }: Pick<World, 'base' | 'users'>, now: number): string {
  const { codes } = codesNow(users, now);
  const cards = users.map((user) => personCard(user, codes[user.username] ?? ''));
  const signIn = html`<section aria-label="Sign in">${cards}</section>
    <p class="note">
      Each sign-in opens in a tab of its own, so that you still have the password and the code here. Only the
      demonstration has such a page, and shows it to this machine alone. Passwords are new at every start.
    </p>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Closeloop: the referral loop, closed</title>
        <link rel="icon" href="/status-app/icon.svg" />
        <link rel="stylesheet" href="/status-app/style.css" />
        <link rel="stylesheet" href="/start/start.css" />
        <script type="module" src="/start/start.js"></script>
      </head>
      <body>
        <header>
          <a href="/"><img src="/status-app/icon.svg" alt="" width="32" height="32" />Closeloop</a>
          Demonstration
        </header>
        <main>
          <img class="loop" src="/status-app/icon.svg" alt="" />
          <h1>Did the referral arrive? Was it accepted? What came of it?</h1>
          <p class="lead">
            Closeloop stands between the two sides of a referral and holds the one state that both can rely
            on. Two invented organizations share this server. Sign in as either, and see the same referral
            from both sides.
          </p>
          ${users.length > 0 && signIn}
          <h2>For developers</h2>
          <ul class="links">
            ${linksOf(base).map(
              ([title, href, says]) =>
                html`<li>
                  <a href="${href}"><strong>${title}</strong>${says}</a>
                </li>`,
            )}
          </ul>
        </main>
      </body>
    </html>`.toString();
}

function personCard({ username, password, side, role }: DemoUser, code: string): Html {
  const { name, does } = SIDES[side];
  const hint = new URLSearchParams({ login_hint: username }).toString();
  const rows: readonly (readonly [term: string, value: string, live: string])[] = [
    ['E-mail', username, ''],
    ['Password', password, ''],
    ['Code', code, username],
  ];
  const shown = rows.map(
    ([term, value, live]) =>
      html`<div>
        <dt>${term}</dt>
        <dd><code data-code="${live}">${value}</code></dd>
      </div>`,
  );
  const way = html`<a class="go" href="/status-app/?${hint}" target="_blank" rel="noopener"
    >Sign in as ${name}</a
  >`;
  return html`<article class="${side}">
    <h2>${name}</h2>
    <p>${does} · ${role}</p>
    <dl>${shown}</dl>
    ${side !== 'administrator' && way}
  </article>`;
}

const linksOf = (base: string): readonly (readonly [title: string, href: string, says: string])[] => [
  [
    'Capabilities',
    `${base}/metadata?_format=json&_pretty=true`,
    'What this FHIR server does, as a CapabilityStatement',
  ],
  [
    'Sign-in',
    `${base}/.well-known/smart-configuration`,
    'Where a SMART app signs in, and what it may ask for',
  ],
  ['OpenAPI', `${base}/openapi.json`, 'The same API for tools that do not speak FHIR'],
  ['The app', '/status-app/app.js', 'The source of what you sign in to: three small files, no framework'],
];
