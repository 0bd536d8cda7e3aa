/**
 * A program of 42 CFR Part 2 writes by Direct mail (compliance P5, P33): a member's words wait for its consent, as over HL7 v2;
 * what a program outside wrote was disclosed before it came, and a person is asked where its notice is missing.
 */
import { afterEach, expect, test } from '@jest/globals';
import { STATEMENT_1 } from '../../../src/policies/part2/statements.ts';
import { actor, consentOf, withProvision } from '../../unit/policies/consent/consents.ts';
import * as make from '../../resources.ts';
import { administrator, refOf } from '../../world.ts';
import { accept, request, stateOf, tidewater } from '../hl7v2/exchange.ts';
import { mailOf, openMailed, TO_LARKSPUR, type Mailed, type MailedOptions } from './mailed.ts';

const PROGRAM = {
  coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' }],
};
const [LARKSPUR, TIDEWATER] = ['Organization/larkspur', 'Organization/tidewater'] as const;

let mailed: Mailed;
afterEach(() => mailed.close());

/** A referral to Tidewater, which is a program. */
async function refer(options: MailedOptions): Promise<void> {
  mailed = await openMailed(options);
  const program = (await mailed.ask(administrator, 'GET', TIDEWATER)).json;
  const { status } = await mailed.ask(administrator, 'PUT', TIDEWATER, { ...program, type: [PROGRAM] });
  if (status !== 200) throw new Error(`the program was not made: ${status}`);
  await mailed.say(request({ at: 0, id: 'M-0' }));
}

const kinds = async () => (await mailed.workItems()).map(({ kind, owner }) => [kind, owner]);

test('(compliance P5) a member’s answer waits in its mail for a consent, and is applied when one is recorded', async () => {
  await refer({});
  const answer = await mailOf(accept({ at: 1, id: 'M-1' }), TO_LARKSPUR);
  expect(await mailed.post(answer)).toEqual({ fate: 'work-item', owed: ['processed', 'dispatched'] });
  expect(stateOf(await mailed.referral())).toBe('received 2.0');
  expect(await kinds()).toEqual([['consent-needed', TIDEWATER]]);

  const [patient] = await mailed.all('Patient');
  const subject = `Patient/${patient?.id ?? ''}` as const;
  const paper = await mailed.create(tidewater, make.documentReference(subject, 'https://example.org/paper'));
  const consent = withProvision(
    consentOf('part2-tpo', {
      dateTime: '2025-01-02',
      patient: { reference: subject },
      performer: [{ reference: subject }],
      organization: [{ reference: TIDEWATER }],
      sourceReference: { reference: refOf(paper) },
    }),
    { period: { end: '2999' }, actor: [actor('CST', TIDEWATER), actor('IRCP', LARKSPUR)] },
  );
  const recorded = await mailed.create(tidewater, consent);
  await mailed.engine.messages.waiting.touched([refOf(recorded)]);
  expect(stateOf(await mailed.referral())).toBe('accepted 3.0');
  // Taking a patient on asks the program for its own notice.
  expect(await kinds()).toEqual([['part2-patient-notice', TIDEWATER]]);
});

test.each<[what: string, words: string, items: readonly (readonly string[])[]]>([
  ['without its notice asks a person', 'A letter', [['part2-notice-missing', LARKSPUR]]],
  ['with its notice asks nobody', STATEMENT_1, []],
])('(compliance P5, P33) a program outside that answers %s', async (_what, words, items) => {
  await refer({ tidewater: 'listed' });
  const mail = await mailOf(accept({ at: 1, id: 'M-1' }), TO_LARKSPUR);
  const letter = { contentType: 'text/plain', fileName: undefined, bytes: Buffer.from(words) };
  const { fate } = await mailed.post({ ...mail, parts: [letter, ...mail.parts.slice(1)] });
  expect(fate).toBe('applied');
  expect(stateOf(await mailed.referral())).toBe('accepted 3.0');
  expect(await kinds()).toEqual(items);
});
