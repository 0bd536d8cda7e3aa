/** `$information-blocking-report` (compliance I6): what the caller's organization kept back in a period, and from whom. */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { readSameEntity } from '../../delivery/party-facts.ts';
import { createBlockingReport } from '../../policies/blocking-report.ts';
import { localRef } from '../../resources/element.ts';
import { askedIn } from '../audit/asked.ts';
import { scanAudit } from '../audit/scan.ts';
import type { Request } from '../request.ts';
import { invalidParameter, textIn, valueIn } from './input.ts';
import { checkServerScope } from './keeper.ts';
import type { Input, Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';

/** The cells of a line, by their names. */
export const lineParts = (...names: readonly string[]): readonly OperationParameter[] =>
  names.map((name) => ({
    name,
    use: 'out',
    min: 0,
    max: '*',
    type: '*',
    documentation: 'A cell of the line.',
  }));

export const PERIOD_IN: Operation['parameters'] = [
  {
    name: 'from',
    use: 'in',
    min: 0,
    max: '1',
    type: 'date',
    documentation: 'The first day; default: the beginning.',
  },
  {
    name: 'to',
    use: 'in',
    min: 0,
    max: '1',
    type: 'date',
    documentation: 'The last day; default: today.',
  },
];

export const informationBlockingReport: Operation = {
  name: 'information-blocking-report',
  title: 'What was kept back, from whom, and why',
  description:
    'Counts what the organization of the caller kept back (45 CFR 171): by counterparty, exception, way and class of content; how often each counterparty asked and was refused, where that is over twice the median of others who asked at least 20 times; and how long those waited who were answered later. It needs the scope closeloop/compliance.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    ...PERIOD_IN,
    {
      name: 'counterparty',
      use: 'in',
      min: 0,
      max: '1',
      type: 'Reference',
      documentation: 'The one Organization that the report is about; the comparison is with all.',
    },
    {
      name: 'denial',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: counterparty, exception, rail, class, count.',
      part: lineParts('counterparty', 'exception', 'rail', 'class', 'count'),
    },
    {
      name: 'rate',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: counterparty, entity (intra or cross), class, asks, denials, biased.',
      part: lineParts('counterparty', 'entity', 'class', 'asks', 'denials', 'biased'),
    },
    {
      name: 'answer',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: counterparty, answeredLater, open, medianSeconds.',
      part: lineParts('counterparty', 'answeredLater', 'open', 'medianSeconds'),
    },
  ],
  perform,
};

async function perform({ context, request, input }: Invocation): Promise<OperationReply> {
  const keeper = reportingOrganization(request);
  const only = localRef(valueIn(input, 'counterparty'));
  const snapshot = context.store.snapshot();
  const counting = createBlockingReport();
  const period = periodIn(input, context.clock.now());
  for await (const row of scanAudit(snapshot, { viewer: keeper, ...period }, request.signal))
    for (const asked of askedIn(row, keeper)) counting.take(asked);
  const { denials, rates, answers } = counting.report();
  const isMeant = ({ counterparty }: { readonly counterparty: string }): boolean =>
    only === undefined || counterparty === only;
  const entities = new Map<string, 'intra' | 'cross'>();
  for (const { counterparty } of rates)
    if (!entities.has(counterparty)) {
      const same = await readSameEntity(snapshot, keeper, counterparty as Ref); // agents and receivers are organizations
      entities.set(counterparty, same ? 'intra' : 'cross');
    }
  return {
    status: 200,
    resource: parametersOf([
      ...denials.filter(isMeant).map(({ count, ...line }) => reportLine('denial', line, { count })),
      ...rates.filter(isMeant).map(({ asks, denials: refused, biased, ...line }) => ({
        ...reportLine(
          'rate',
          { ...line, entity: entities.get(line.counterparty) ?? 'cross' },
          { asks, denials: refused },
          [{ name: 'biased', valueBoolean: biased }],
        ),
      })),
      ...answers
        .filter(isMeant)
        .map(({ counterparty, medianMs, ...counts }) =>
          reportLine('answer', { counterparty }, counts, medianOut(medianMs)),
        ),
    ]),
  };
}

const medianOut = (medianMs: number | undefined): readonly object[] =>
  medianMs === undefined ? [] : [{ name: 'medianSeconds', valueDecimal: Math.round(medianMs / 1000) }];

/** The organization whose audit is asked for, by a person whose token has the scope. */
export function reportingOrganization(request: Request): Ref {
  checkServerScope(request, 'closeloop/compliance');
  const { organization } = request.caller;
  if (organization === undefined) throw new OperationOutcomeError('organization-unknown');
  return organization;
}

/**
 * Milliseconds since 1970, both inclusive. A period that has nothing in it is a slip: an empty report would be taken for
 * an answer.
 *
 * @throws OperationOutcomeError `parameter-invalid`
 */
export function periodIn(input: Input, now: number): { readonly from: number; readonly to: number } {
  const from = parseDateTime(textIn(input, 'from') ?? '')?.low ?? 0;
  const to = Math.min(parseDateTime(textIn(input, 'to') ?? '')?.high ?? now, now);
  if (from <= to) return { from, to };
  throw invalidParameter('to', 'to is not before from, and from has come');
}

export const reportLine = (
  name: string,
  texts: Readonly<Record<string, string>>,
  counts: Readonly<Record<string, number>> = {},
  more: readonly object[] = [],
): Out => ({
  name,
  part: [
    ...Object.entries(texts).map(([key, valueString]) => ({ name: key, valueString })),
    ...Object.entries(counts).map(([key, valueInteger]) => ({ name: key, valueInteger })),
    ...more,
  ],
});
