/**
 * Legal holds (audit-compliance AU50; harmony Z5): `[type]/[id]/$hold` and `$unhold` by the compliance officer of who keeps
 * it, and `$holds` for a list. What is held is deleted by nobody. A hold is a record: no label, and no reader, tells of it.
 */
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import { allRecords, type RecordWrite } from '../../ports/record.ts';
import type { Commit, Snapshot } from '../../ports/store.ts';
import { agentOf } from '../audit/audit.ts';
import { HOLD_KIND, type Hold } from '../holds.ts';
import type { Request } from '../request.ts';
import { commitPlanned } from '../write/commit.ts';
import { lineParts, reportLine, reportingOrganization } from './information-blocking-report.ts';
import { boundedTextIn, invalidParameter } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const MATTER = {
  name: 'matter',
  use: 'in',
  min: 1,
  max: '1',
  type: 'string',
  documentation: 'The matter for which it is held, as the counsel names it. No name of a patient.',
} as const;

const ON_ANYTHING = {
  levels: ['instance'],
  resource: 'any',
  affectsState: true,
  needs: 'read',
} as const satisfies Partial<Operation>;

export const legalHold: Operation = {
  name: 'hold',
  title: 'Hold what must not be deleted',
  description:
    'Puts a resource under a legal hold, a Patient with everything in the compartment: it cannot be deleted until the hold is lifted. For the compliance officer (closeloop/compliance) of the organization that keeps it.',
  ...ON_ANYTHING,
  parameters: [
    MATTER,
    { name: 'hold', use: 'out', min: 1, max: '1', type: 'string', documentation: 'The key of the hold.' },
  ],
  perform: setHold,
};

export const unhold: Operation = {
  name: 'unhold',
  title: 'Lift a legal hold',
  description: 'Lifts the hold of one matter from a resource. Other matters may hold it still.',
  ...ON_ANYTHING,
  parameters: [
    MATTER,
    {
      name: 'left',
      use: 'out',
      min: 1,
      max: '1',
      type: 'integer',
      documentation: 'Matters that hold it still.',
    },
  ],
  perform: liftHold,
};

export const holds: Operation = {
  name: 'holds',
  title: 'What is held',
  description: 'The legal holds of the caller’s organization. It needs the scope closeloop/compliance.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    {
      name: 'hold',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: hold, what, matter, by, at.',
      part: lineParts('hold', 'what', 'matter', 'by', 'at'),
    },
  ],
  perform: listHolds,
};

const TEXT_MAX = 1000;

async function setHold({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  const matter = matterIn(input);
  const key = context.newId();
  await commitPlanned(context, async (snapshot) => {
    const what = await readHeld(snapshot, request, sight, organization);
    const body: Hold = {
      what,
      organization,
      matter,
      by: request.caller.user ?? request.caller.subject,
      at: new Date(context.clock.now()).toISOString(),
    };
    const index = [
      ['what', what],
      ['organization', organization],
    ] as const;
    const record: RecordWrite = { kind: HOLD_KIND, key, expect: 'absent', body, index };
    return { commit: holdCommit(request, 'hold', what, [record]), templates: new Map() };
  });
  return { status: 200, resource: parametersOf([{ name: 'hold', valueString: key }]) };
}

async function liftHold({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  const matter = matterIn(input);
  let left = 0;
  await commitPlanned(context, async (snapshot) => {
    const what = await readHeld(snapshot, request, sight, organization);
    const found = await allRecords(snapshot, HOLD_KIND, 'what', what);
    const lifted = found.filter(({ body }) => (body as Hold).matter === matter); // `setHold` alone writes this kind
    if (lifted.length === 0)
      throw new OperationOutcomeError('not-found', { diagnostics: 'no hold of this matter is on it' });
    left = found.length - lifted.length;
    const records = lifted.map(({ kind, key, version }) => ({ kind, key, expect: version, body: undefined }));
    return { commit: holdCommit(request, 'unhold', what, records), templates: new Map() };
  });
  return { status: 200, resource: parametersOf([{ name: 'left', valueInteger: left }]) };
}

async function listHolds({ context, request }: Invocation): Promise<OperationReply> {
  const organization = reportingOrganization(request);
  const found = await allRecords(context.store.snapshot(), HOLD_KIND, 'organization', organization);
  const lines = found.map(({ key, body }) => {
    const { what, matter, by, at } = body as Hold; // `setHold` alone writes this kind
    return reportLine('hold', { hold: key, what, matter, by, at });
  });
  return { status: 200, resource: parametersOf(lines) };
}

function matterIn(input: Invocation['input']): string {
  const matter = boundedTextIn(input, 'matter', TEXT_MAX) ?? '';
  if (matter !== '') return matter;
  throw invalidParameter('matter', 'matter says something');
}

/** What the caller's organization keeps. */
async function readHeld(
  snapshot: Snapshot,
  { type = '', id = '' }: Request,
  sight: Invocation['sight'],
  organization: Ref,
): Promise<Ref> {
  const ref: Ref = `${type}/${id}`;
  const version = await snapshot.read(ref, sight);
  if (version === undefined) throw notHere(ref);
  if (version.custodian === organization) return ref;
  throw new OperationOutcomeError('not-custodian', {
    diagnostics: `${ref} is kept by another organization.`,
  });
}

function holdCommit(
  { caller, requestId }: Request,
  event: 'hold' | 'unhold',
  what: Ref,
  records: readonly RecordWrite[],
): Commit {
  const audit: AuditEntry = {
    event,
    action: 'E',
    outcome: '0',
    agent: agentOf(caller),
    requestId,
    entities: [what],
    patients: what.startsWith('Patient/') ? [what] : [],
    viewers: [],
  };
  return auditedCommit([audit], { records });
}
