/** For whom a mail of a mailbox with several addresses is: never for a member to whom it may not be (direct-xdm 1, 11). */
import { expect, test } from '@jest/globals';
import type { MailText } from '../../../../src/direct/mime/read.ts';
import { MAIL_LIMITS } from '../../../../src/direct/mime/limits.ts';
import { readMail } from '../../../../src/direct/mime/read.ts';
import type { Ref } from '../../../../src/fhir/types.ts';
import type { DirectAddress } from '../../../../src/ports/direct.ts';
import { recipientsIn } from '../../../../src/rails/direct/mailbox-recipients.ts';

const A: DirectAddress = 'a@direct.tarn.example.org';
const B: DirectAddress = 'b@direct.tarn.example.org';
const SEVERAL = { [A]: 'Organization/a', [B]: 'Organization/b' } as const;
const ONE = { [A]: 'Organization/a', [B]: 'Organization/a' } as const;

const read = (header: readonly string[]): MailText => {
  const reading = readMail(
    Buffer.from([...header, 'From: x@direct.alder.example.org', '', 'hello', ''].join('\r\n')),
    MAIL_LIMITS,
  );
  if (reading.kind === 'fault') throw new Error(reading.fault);
  return reading;
};

test.each<[string, readonly string[], Readonly<Record<string, Ref>>, readonly DirectAddress[]]>([
  ['To names one', [`To: <${B}>`], SEVERAL, [B]],
  ['Cc names one', ['To: z@direct.alder.example.org', `Cc: ${B.toUpperCase()}`], SEVERAL, [B]],
  ['To names both', [`To: ${A}, ${B}`], SEVERAL, [A, B]],
  ['none is named', ['To: undisclosed-recipients:;'], SEVERAL, []],
  ['none is named, and one is not verified', [], { [A]: 'Organization/a' }, []],
  ['none is named, and none is verified', [], {}, []],
  ['none is named, and both are one member’s', [], ONE, [A]],
  ['X-Original-To names one', [`X-Original-To: ${B}`, `Delivered-To: ${A}`], SEVERAL, [B]],
  ['Delivered-To names one', [`Delivered-To: ${B}`], SEVERAL, [B]],
  ['Delivered-To of an alias names the account', [`Delivered-To: ${A}`], SEVERAL, []],
  [
    'what a server before the last one said',
    ['Delivered-To: m@direct.alder.example.org', `Delivered-To: ${B}`],
    SEVERAL,
    [],
  ],
  ['To says more than Delivered-To', [`Delivered-To: ${B}`, `To: ${A}`], SEVERAL, [A]],
])('%s', async (_what, header, members, expected) => {
  const memberOf = async (address: DirectAddress): Promise<Ref | undefined> => members[address];
  const found = await recipientsIn({ addresses: [A, B], user: A }, read(header), memberOf);
  expect(found).toEqual(expected);
});

test('a mailbox of one address is that address’s, whoever is named', async () => {
  const found = await recipientsIn({ addresses: [B], user: B }, read([]), async () => undefined);
  expect(found).toEqual([B]);
});
