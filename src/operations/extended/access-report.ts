/** `Patient/[id]/$access-report` (audit-compliance AU35): who looked at a patient's records, and who was told of them. */
import { CSV, csvTable } from '../csv-lines.ts';
import { createAccessReport, type AccessLine } from '../accounting/access.ts';
import { rowsAbout } from '../accounting/rows.ts';
import { periodIn } from './information-blocking-report.ts';
import { checkServerScope, readKeptPatient } from './keeper.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';

const accessPart = (
  name: string,
  type: string,
  documentation: string,
  min: 0 | 1 = 1,
  max: '1' | '*' = '1',
): OperationParameter => ({ name, use: 'out', min, max, type, documentation });

const ACCESS_PARTS: readonly OperationParameter[] = [
  accessPart('organization', 'string', 'The organization; absent: the server itself.', 0),
  accessPart('user', 'string', 'The person, where it is one of the keeper.', 0),
  accessPart('userName', 'string', 'The name of that person, as it was at the last access.', 0),
  accessPart('first', 'string', 'The instant of the first access.'),
  accessPart('last', 'string', 'The instant of the last one.'),
  accessPart('count', 'integer', 'How many there were.'),
  accessPart('refused', 'integer', 'How many of them were refused or withheld.'),
  accessPart('event', 'string', 'What was done: events of the audit.', 1, '*'),
  accessPart('purpose', 'string', 'What for: codes of ActReason.', 1, '*'),
  accessPart('session', 'string', 'Sessions, where it is a person of the keeper.', 0, '*'),
];

export const accessReport: Operation = {
  name: 'access-report',
  title: 'Who looked at a patient’s records',
  description:
    'Uses and disclosures of a patient’s records by person and organization: the first and the last, how many, for which purposes, in which sessions, and refused tries. For the organization that keeps the patient, with the scope closeloop/privacy.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: false,
  needs: 'read',
  content: { gives: [CSV] },
  parameters: [
    {
      name: 'from',
      use: 'in',
      min: 0,
      max: '1',
      type: 'date',
      documentation: 'The first day; default: the beginning.',
    },
    { name: 'to', use: 'in', min: 0, max: '1', type: 'date', documentation: 'The last day; default: today.' },
    {
      name: 'access',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A person of the keeper, or another organization.',
      part: ACCESS_PARTS,
    },
  ],
  perform,
};

async function perform({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  checkServerScope(request, 'closeloop/privacy');
  const snapshot = context.store.snapshot();
  const { ref, custodian } = await readKeptPatient(snapshot, request, sight);
  if (custodian === '') throw new Error('a kept patient has a keeper');
  const { from, to } = periodIn(input, context.clock.now());
  const report = createAccessReport(custodian);
  for await (const row of rowsAbout(snapshot, { patient: ref, keeper: custodian, from, to }, request.signal))
    report.take(row);
  const lines = report.lines();
  return {
    status: 200,
    resource: parametersOf(lines.map(accessOut)),
    content: { bytes: Buffer.from(accessCsv(lines)), contentType: `${CSV}; charset=utf-8` },
    about: [{ ref, custodian }],
  };
}

const accessOut = ({ events, purposes, sessions, count, refused, ...texts }: AccessLine): Out => ({
  name: 'access',
  part: [
    ...Object.entries(texts).flatMap(([name, valueString]) =>
      valueString === '' ? [] : [{ name, valueString }],
    ),
    { name: 'count', valueInteger: count },
    { name: 'refused', valueInteger: refused },
    ...events.map((valueString) => ({ name: 'event', valueString })),
    ...purposes.map((valueString) => ({ name: 'purpose', valueString })),
    ...sessions.map((valueString) => ({ name: 'session', valueString })),
  ],
});

const COLUMNS = [
  'organization',
  'user',
  'userName',
  'first',
  'last',
  'count',
  'refused',
  'events',
  'purposes',
  'sessions',
] as const;

const accessCsv = (lines: readonly AccessLine[]): string =>
  csvTable(
    COLUMNS,
    lines.map((line) => COLUMNS.map((name) => cellOf(line[name]))),
  );

const cellOf = (value: string | number | readonly string[]): string =>
  typeof value === 'object' ? value.join(' ') : String(value);
