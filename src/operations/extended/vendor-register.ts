/** `Organization/[id]/$vendor-register` (baa-messaging VR1–VR5): who works for an organization, under what, at which risk. */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Request } from '../request.ts';
import { CSV } from '../csv-lines.ts';
import { WINDOWS } from '../vendors/activity.ts';
import { readRegister, type VendorLine } from '../vendors/register.ts';
import { daysLeftOf, registerCsv } from '../vendors/register-csv.ts';
import { lineParts } from './information-blocking-report.ts';
import { invalidParameter, textIn } from './input.ts';
import { checkServerScope } from './keeper.ts';
import type { Input, Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';

export const vendorRegister: Operation = {
  name: 'vendor-register',
  title: 'Who works for an organization',
  description:
    'Every organization that works for this one, carries what it sends, or is told things for payment or operations: its agreement with state, end, terms that it lacks, signers, subcontractors, what reached it, what was refused, papers of due diligence, open incidents, and its risk with the evidence of each row. Those without any agreement are there. It needs the scope closeloop/compliance of that organization.',
  levels: ['instance'],
  resource: ['Organization'],
  affectsState: false,
  content: { gives: [CSV] },
  parameters: [
    {
      name: 'asOf',
      use: 'in',
      min: 0,
      max: '1',
      type: 'dateTime',
      documentation: 'The moment, or the end of a day; default: now.',
    },
    {
      name: 'asOf',
      use: 'out',
      min: 1,
      max: '1',
      type: 'instant',
      documentation: 'The moment of which it tells.',
    },
    {
      name: 'vendor',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A vendor, the highest risk first.',
      part: lineParts(
        'organization',
        'name',
        'side',
        'service',
        'state',
        'why',
        'agreement',
        'since',
        'end',
        'daysLeft',
        'reviewBy',
        'breachNoticeHours',
        'gap',
        'signer',
        'subcontractor',
        'carries',
        'passed',
        'blocked',
        'lastContact',
        'paper',
        'incident',
        'risk',
      ),
    },
  ],
  perform,
};

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const organization = ownOrganization(request);
  const { store, clock, settings } = context;
  const at = momentIn(input, clock.now());
  const asked = { organization, at, partyKindDefault: settings.partyKindDefault };
  const lines = await readRegister(store, asked, request.signal);
  return {
    status: 200,
    resource: parametersOf([
      { name: 'asOf', valueInstant: new Date(at).toISOString() },
      ...lines.map((line) => vendorOut(line, at)),
    ]),
    content: { bytes: Buffer.from(registerCsv(lines, at)), contentType: `${CSV}; charset=utf-8` },
  };
}

/** @throws OperationOutcomeError `scope-insufficient` where it is not the caller's own, or the token lacks the scope */
function ownOrganization(request: Request): Ref {
  checkServerScope(request, 'closeloop/compliance');
  const organization: Ref = `Organization/${request.id ?? ''}`;
  if (request.caller.organization === organization) return organization;
  throw new OperationOutcomeError('scope-insufficient', {
    diagnostics: 'the register is for a compliance officer of that organization',
  });
}

function momentIn(input: Input, now: number): number {
  const text = textIn(input, 'asOf');
  const at = text === undefined ? now : parseDateTime(text)?.high;
  if (at === undefined) throw invalidParameter('asOf', 'it is no dateTime');
  return Math.min(at, now);
}

const instant = (ms: number): string => new Date(ms).toISOString();

function vendorOut(line: VendorLine, at: number): Out {
  const { vendor, name, side, standing, text, activity, risk } = line;
  const { contract, version, since, until } = standing;
  const versioned = contract !== undefined && `${contract}/_history/${version ?? 0}`;
  return {
    name: 'vendor',
    part: [
      { name: 'organization', valueReference: { reference: vendor } },
      ...said('name', name),
      { name: 'side', valueCode: side },
      ...standing.services.map((valueCode) => ({ name: 'service', valueCode })),
      { name: 'state', valueCode: standing.state },
      ...(standing.why === undefined ? [] : [{ name: 'why', valueCode: standing.why }]),
      ...(versioned === false ? [] : [{ name: 'agreement', valueReference: { reference: versioned } }]),
      ...(since === undefined ? [] : [{ name: 'since', valueInstant: instant(since) }]),
      ...(until === undefined
        ? []
        : [
            { name: 'end', valueInstant: instant(until) },
            { name: 'daysLeft', valueInteger: daysLeftOf(until, at) },
          ]),
      ...(text.reviewBy === undefined ? [] : [{ name: 'reviewBy', valueDate: text.reviewBy }]),
      ...(text.breachNoticeHours === undefined
        ? []
        : [{ name: 'breachNoticeHours', valueInteger: text.breachNoticeHours }]),
      ...standing.gaps.map((valueCode) => ({ name: 'gap', valueCode })),
      ...text.signers.map(({ side: signs, who, when }) => ({
        name: 'signer',
        part: [
          { name: 'side', valueCode: signs },
          { name: 'who', valueString: who },
          { name: 'when', valueDateTime: when },
        ],
      })),
      ...subcontractorsOut(line),
      ...line.carries.map((valueCode) => ({ name: 'carries', valueCode })),
      ...WINDOWS.map((days) => ({
        name: 'passed',
        part: [
          { name: 'days', valueInteger: days },
          { name: 'count', valueInteger: activity.passed[days].count },
          { name: 'bytes', valueDecimal: activity.passed[days].bytes },
        ],
      })),
      { name: 'blocked', valueInteger: activity.triedCount },
      ...(activity.lastContact === '' ? [] : [{ name: 'lastContact', valueInstant: activity.lastContact }]),
      ...papersOut(line),
      ...line.incidents.map((reference) => ({ name: 'incident', valueReference: { reference } })),
      ...(side === 'principal' ? [] : [riskOut(risk)]),
    ],
  };
}

const said = (name: string, valueString: string) => (valueString === '' ? [] : [{ name, valueString }]);

const subcontractorsOut = ({ subcontractors }: VendorLine) =>
  subcontractors.map(({ organization, name, services, state }) => ({
    name: 'subcontractor',
    part: [
      { name: 'organization', valueReference: { reference: organization } },
      ...said('name', name),
      ...services.map((valueCode) => ({ name: 'service', valueCode })),
      { name: 'state', valueCode: state },
    ],
  }));

const papersOut = ({ papers }: VendorLine) =>
  papers.map(({ ref, kind, from, until }) => ({
    name: 'paper',
    part: [
      { name: 'kind', valueCode: kind },
      { name: 'document', valueReference: { reference: ref } },
      ...(from === undefined ? [] : [{ name: 'from', valueInstant: instant(from) }]),
      ...(until === undefined ? [] : [{ name: 'until', valueInstant: instant(until) }]),
    ],
  }));

const riskOut = ({ score, level, rows }: VendorLine['risk']) => ({
  name: 'risk',
  part: [
    { name: 'score', valueInteger: score },
    { name: 'level', valueCode: level },
    ...rows.map(({ code, points, says, evidence }) => ({
      name: 'row',
      part: [
        { name: 'code', valueCode: code },
        { name: 'points', valueInteger: points },
        { name: 'says', valueString: says },
        ...evidence.map((valueString) => ({ name: 'evidence', valueString })),
      ],
    })),
  ],
});
