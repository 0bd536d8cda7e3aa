/** `$policy-as-of` (audit-compliance AU61): which settings and tables of rules were in force at a moment. */
import { parseDateTime } from '../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { hasServerScope } from '../scope.ts';
import { policyAsOf, policyNow } from '../policy-record.ts';
import { lineParts, reportLine } from './information-blocking-report.ts';
import { textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

export const policyAsOfDate: Operation = {
  name: 'policy-as-of',
  title: 'Which rules were in force',
  description:
    'The settings and the tables of rules as they were at a moment, each with the SHA-256 of its content. For administrators, and with the scope closeloop/compliance.',
  levels: ['system'],
  resource: [],
  affectsState: false,
  parameters: [
    {
      name: 'date',
      use: 'in',
      min: 0,
      max: '1',
      type: 'dateTime',
      documentation: 'The moment, or the end of a day; default: now.',
    },
    {
      name: 'since',
      use: 'out',
      min: 0,
      max: '1',
      type: 'instant',
      documentation: 'Since when they were as they were then; absent where that is not on record yet.',
    },
    {
      name: 'rule',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: name, digest, says.',
      part: lineParts('name', 'digest', 'says'),
    },
  ],
  perform,
};

async function perform({ context, request: { caller }, input }: Invocation): Promise<OperationReply> {
  if (!caller.administrator && !hasServerScope(caller, 'closeloop/compliance'))
    throw new OperationOutcomeError('scope-insufficient', { diagnostics: 'needed: closeloop/compliance' });
  const { store, clock, policyParts } = context;
  const at = parseDateTime(textIn(input, 'date') ?? '')?.high ?? Infinity;
  const found =
    at >= clock.now() && policyParts !== undefined
      ? await policyNow({ store, clock }, policyParts())
      : await policyAsOf(store.snapshot(), at);
  if (found === undefined)
    throw new OperationOutcomeError('not-found', { diagnostics: 'no rules are on record for that time' });
  return {
    status: 200,
    resource: parametersOf([
      ...(found.at === undefined ? [] : [{ name: 'since', valueInstant: found.at }]),
      ...Object.entries(found.parts).map(([name, { digest, says }]) =>
        reportLine('rule', { name, digest, ...(says !== undefined && { says }) }),
      ),
    ]),
  };
}
