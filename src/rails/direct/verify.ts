/** Doctor's lines about Direct mail: what is set and what lacks, files, the relays and the mailboxes. */
import { accessSync, constants } from 'node:fs';
import type { Finding } from '../../ports/store.ts';
import type { LocalDomain } from './domains.ts';
import type { DirectRailParts, DirectRailSettings } from './parts.ts';
import { verifyMailbox } from './mailbox.ts';
import type { Relay } from './relay.ts';
import { mailboxesOf, pemOf } from './ways-in.ts';

/** Tries what can be tried without sending a mail. */
export async function verifyDirect(
  { domains, settings, connect }: DirectRailParts,
  relay: Relay | undefined,
  submissions: ReadonlyMap<string, Relay>,
): Promise<readonly Finding[]> {
  const files = Object.values(settings.tls ?? {}).flatMap((file) => unreadable(file));
  const relays = [...(relay === undefined ? [] : [relay]), ...submissions.values()];
  const found = await Promise.all([
    ...relays.map((one) => one.verify()),
    ...mailboxesOf(domains).map((mailbox) =>
      verifyMailbox({ mailbox, ca: pemOf(mailbox.ca), connect, settings }),
    ),
  ]);
  const names = domains.map(({ domain, way }) => `${domain} (${way})`).join(', ');
  return [{ ok: true, says: `domains: ${names}` }, ...staFindings(domains, settings), ...files, ...found];
}

/** What the own security agent lacks for taking and sending mail. */
function staFindings(
  domains: readonly LocalDomain[],
  { listen, tls, relay, keys }: DirectRailSettings,
): readonly Finding[] {
  if (!domains.some(({ way }) => way === 'sta')) return [];
  const warn = (says: string): Finding => ({ ok: true, warning: true, says });
  return [
    ...(keys === undefined
      ? [
          {
            ok: false,
            says: 'the own security agent has no keys: nothing is opened or sent → set directKeys',
          },
        ]
      : []),
    ...(listen === undefined
      ? [warn('no mail comes in by SMTP → set directListen')]
      : [{ ok: true, says: `SMTP at ${listen.host}:${listen.port}` }]),
    ...(listen !== undefined && tls === undefined
      ? [warn('SMTP offers no STARTTLS → set directTlsCert and directTlsKey')]
      : []),
    ...(relay === undefined ? [warn('no mail leaves → set directRelay')] : []),
  ];
}

function unreadable(file: string): readonly Finding[] {
  try {
    accessSync(file, constants.R_OK);
    return [];
  } catch {
    return [{ ok: false, says: `${file}: cannot be read → check its path and its owner` }];
  }
}
