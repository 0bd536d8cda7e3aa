/** What the demonstration prints: each step, the timeline as each side reads it with its own token, and what to do next. */
import type { Client } from 'fhir-kit-client';
import type { Resource } from '../../src/fhir/types.ts';
import type { Received } from './engines.ts';
import { DIRECT_ADDRESSES } from './direct.ts';
import type { DemoUser } from './users.ts';
import { ORGANIZATIONS } from './organizations.ts';
import type { World } from './world.ts';

let isBeside = false;

/** What is printed goes to stderr from now on, because stdout is for a program. */
export function printBeside(): void {
  isBeside = true;
}

const out = (line = ''): void => void (isBeside ? process.stderr : process.stdout).write(`${line}\n`);

export const printStep = (says: string): void => out(`  · ${says}`);

interface Entry {
  readonly resource?: Resource;
}

export const printTitle = (title: string): void => out(`\n${title}`);

/** The referral as each side reads it with its own token. */
export async function printTimeline(initiator: Client, recipient: Client, task: string): Promise<void> {
  for (const [side, client] of [
    ['initiator', initiator],
    ['recipient', recipient],
  ] as const) {
    out(`\n  as ${ORGANIZATIONS[side].name} (the ${side}) reads it:`);
    for (const line of await timelineOf(client, task)) out(`    ${line}`);
  }
}

/** The messages that the HL7 v2 engines of both sides received. */
export function printReceived(received: readonly Received[]): void {
  out('\n  told to the HL7 v2 engines:');
  for (const { side, message, order, controlId } of received) {
    out(`    ${side.padEnd(10)} ${message.padEnd(8)} ${order.padEnd(6)} ${controlId}`);
  }
}

/** Versions of the referral Task, oldest first, each with its row of the table. */
async function timelineOf(client: Client, task: string): Promise<readonly string[]> {
  const history = entriesOf(await client.history({ resourceType: 'Task', id: task.slice('Task/'.length) }));
  const events = entriesOf(
    await client.search({ resourceType: 'AuditEvent', searchParams: { entity: task, _count: 200 } }),
  );
  const transitions = new Map(events.flatMap(transitionOf));
  return history.toReversed().map((version) => {
    const { versionId = '', lastUpdated = '' } = version.meta ?? {};
    const { code = '', display = '' } = businessStatusOf(version);
    const row = transitions.get(versionId) ?? '';
    return `${lastUpdated}  ${String(version['status']).padEnd(12)} ${code.padEnd(6)} ${display.padEnd(38)} ${row}`;
  });
}

function businessStatusOf(task: Resource): { readonly code?: string; readonly display?: string } {
  const { coding = [] } = (task['businessStatus'] ?? {}) as { coding?: { code: string; display: string }[] };
  return coding[0] ?? {};
}

/** The version that an AuditEvent is about, and the transition that it names. */
function transitionOf(event: Resource): readonly (readonly [string, string])[] {
  const codings = (event['subtype'] ?? []) as readonly { system: string; code: string; display: string }[];
  const found = codings.find(({ system }) => system.endsWith('/referral-transition'));
  const version = event.meta?.versionId;
  return found === undefined || version === undefined
    ? []
    : [[version, `TID ${found.code} ${found.display}`]];
}

function entriesOf(bundle: unknown): readonly Resource[] {
  const { entry = [] } = bundle as { entry?: readonly Entry[] }; // a Bundle
  return entry.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
}

export function printNext({ base, tokens, users, running }: World, folder: string): void {
  const { direct } = running;
  const [mllp] = running.mllp;
  out(`
Closeloop is running (Ctrl-C stops it). See it in a browser: ${new URL('/', base).href}

  FHIR base       ${base}
  capabilities    ${base}/metadata
  health          ${new URL('/health/ready', base).href}
  HL7 v2 (MLLP)   ${mllp?.host ?? ''}:${mllp?.port ?? ''}
  Direct (SMTP)   ${direct?.host ?? ''}:${direct?.port ?? ''}, for ${DIRECT_ADDRESSES.recipient}
  data folder     ${folder}

Sign in as (the page above shows the six-digit codes; an authenticator app takes the secret):

${users.map(userLine).join('\n')}

Send an HL7 v2 order of your own:

  npm run hl7 -- send examples/omg-o19.hl7 --port ${mllp?.port ?? ''}

Go on as the recipient:

  TOKEN=${tokens.recipient}
  curl -s -H "Authorization: Bearer $TOKEN" '${base}/Task?_include=Task:focus&_pretty=true'

As the initiator, and as the administrator:

  INITIATOR=${tokens.initiator}
  ADMIN=${tokens.admin}
  curl -s -H "Authorization: Bearer $ADMIN" '${base}/AuditEvent?_count=5&_pretty=true'
`);
}

const userLine = ({ username, password, totpSecret, side, role }: DemoUser): string =>
  `  ${side.padEnd(15)} ${role.padEnd(13)} ${username.padEnd(22)} ${password}  ${totpSecret}`;
