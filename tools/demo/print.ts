/** What the demonstration prints: each step, the timeline as each side reads it with its own token, and what to do next. */
import type { Client } from 'fhir-kit-client';
import type { Resource } from '../../src/fhir/types.ts';
import { ORGANIZATIONS, type World } from './world.ts';

const out = (line = ''): void => void process.stdout.write(`${line}\n`);

export const printStep = (says: string): void => out(`  · ${says}`);

interface Entry {
  readonly resource?: Resource;
}

export async function printTimeline(world: World, initiator: Client, recipient: Client): Promise<void> {
  for (const [side, client] of [
    ['initiator', initiator],
    ['recipient', recipient],
  ] as const) {
    out(`\nThe timeline as ${ORGANIZATIONS[side].name} (the ${side}) reads it:`);
    for (const line of await timelineOf(client)) out(`  ${line}`);
  }
  out('\nDeliveries (the capture rail keeps them instead of sending):');
  for (const entry of world.running.rails.capture.captured()) {
    out(`  ${entry.at}  ${entry.event.padEnd(34)} → ${entry.receiver}`);
  }
}

/** Versions of the referral Task, oldest first, each with the row of the table that made it. */
async function timelineOf(client: Client): Promise<readonly string[]> {
  const tasks = entriesOf(await client.search({ resourceType: 'Task', searchParams: { _count: 1 } }));
  const id = tasks[0]?.id;
  if (id === undefined) return ['nothing: no Task is visible'];
  const history = entriesOf(await client.history({ resourceType: 'Task', id }));
  const events = entriesOf(
    await client.search({ resourceType: 'AuditEvent', searchParams: { entity: `Task/${id}`, _count: 200 } }),
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

export function printNext({ base, tokens }: World, folder: string): void {
  out(`
Closeloop is running (Ctrl-C stops it).

  FHIR base       ${base}
  capabilities    ${base}/metadata
  health          ${new URL('/health/ready', base).href}
  data folder     ${folder}

Go on as the recipient:

  TOKEN=${tokens.recipient}
  curl -s -H "Authorization: Bearer $TOKEN" '${base}/Task?_include=Task:focus&_pretty=true'

As the initiator, and as the administrator:

  INITIATOR=${tokens.initiator}
  ADMIN=${tokens.admin}
  curl -s -H "Authorization: Bearer $ADMIN" '${base}/AuditEvent?_count=5&_pretty=true'
`);
}
