/** `Patient/[id]/$confirm-break-glass`: a second person, where one has had many grants in a day (compliance E8). */
import { spelledOnce } from '../../fhir/reference.ts';
import type { PreparedCommit } from '../write/commit.ts';
import { commitPlanned } from '../write/commit.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { RecordWrite } from '../../ports/record.ts';
import { agentOf } from '../audit/audit.ts';
import {
  checkEmergencyPerson,
  CONFIRMATION_KIND,
  confirmationKey,
  readReachedPatient,
  refusedEmergency,
} from '../emergency/admission.ts';
import { personOf } from '../emergency/grants.ts';
import { textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

export const confirmBreakGlass: Operation = {
  name: 'confirm-break-glass',
  title: 'Confirm emergency access of another person',
  description:
    'A second person with the scope closeloop/break-glass, with a login as for $break-glass, lets a colleague of the same organization break the glass once more, within ten minutes, after as many grants as one person may have in a day.',
  levels: ['instance'],
  resource: ['Patient'],
  affectsState: true,
  needs: 'read',
  parameters: [
    {
      name: 'user',
      use: 'in',
      min: 1,
      max: '1',
      type: 'string',
      documentation: 'The fhirUser of the colleague, as the token names it.',
    },
    {
      name: 'until',
      use: 'out',
      min: 1,
      max: '1',
      type: 'instant',
      documentation: 'Until when the colleague may use it.',
    },
  ],
  perform: confirm,
};

const CONFIRMATION_MS = 10 * 60_000;

async function confirm(invocation: Invocation): Promise<OperationReply> {
  const { context, request, input } = invocation;
  const by = checkEmergencyPerson(invocation);
  const { caller, requestId } = request;
  const user = spelledOnce(context.settings.publicBase, textIn(input, 'user') ?? '');
  if (user === by) throw refusedEmergency('Nobody confirms for oneself.');
  const until = context.clock.now() + CONFIRMATION_MS;
  await commitPlanned(context, async (snapshot) => {
    const { patient, disclosers } = await readReachedPatient(invocation, snapshot);
    const { ref } = patient;
    const key = confirmationKey(personOf({ organization: caller.organization, user }), ref);
    const audit = {
      event: 'break-glass',
      action: 'E',
      outcome: '0',
      agent: agentOf(caller),
      purposes: ['BTG'],
      requestId,
      entities: [ref],
      patients: [ref],
      query: '$confirm-break-glass',
      viewers: disclosers,
    } as const;
    return confirmation(audit, {
      kind: CONFIRMATION_KIND,
      key,
      expect: 'any',
      body: { by },
      expiresAt: until,
    });
  });
  return {
    status: 200,
    resource: parametersOf([{ name: 'until', valueInstant: new Date(until).toISOString() }]),
  };
}

const confirmation = (
  audit: PreparedCommit['commit']['audit'][number],
  record: RecordWrite,
): PreparedCommit => ({
  commit: auditedCommit([audit], { records: [record] }),
  templates: new Map(),
});
