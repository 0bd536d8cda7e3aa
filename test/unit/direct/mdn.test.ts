/** Notifications, written and read in every form of the page (direct-xdm 6; RFC 8098, RFC 3464, ITI-32). */
import { describe, expect, test } from '@jest/globals';
import { readDispositions, type DispositionReading } from '../../../src/direct/mdn/read.ts';
import { writeDisposition } from '../../../src/direct/mdn/write.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail, type MailText } from '../../../src/direct/mime/read.ts';
import type { Disposition, OwedDisposition } from '../../../src/ports/direct.ts';
import * as fc from '../../chance.ts';

const owed = (over: Partial<OwedDisposition> = {}): OwedDisposition => ({
  by: 'intake@direct.tarn.example.org',
  to: 'nokafor@direct.alder.example.org',
  messageId: 'r1@direct.alder.example.org',
  disposition: 'processed',
  at: '2026-12-01T02:00:00Z',
  attempts: 0,
  dueAt: 0,
  ...over,
});

const about = {
  reportingUa: 'direct.tarn.example.org; Closeloop',
  at: Date.UTC(2026, 11, 1, 2, 0, 0),
  messageId: 'n1@direct.tarn.example.org',
};

function read(mail: Uint8Array | string): MailText {
  const reading = readMail(Buffer.from(mail), MAIL_LIMITS);
  if (reading.kind === 'fault') throw new Error(reading.fault);
  return reading;
}

/** A report of others: its fields, and the header of the mail. */
const report = (
  fields: string,
  p: {
    readonly header?: string;
    readonly type?: string;
    readonly part?: string;
    readonly after?: string;
  } = {},
): readonly DispositionReading[] =>
  readDispositions(
    read(
      [
        'From: intake@direct.tarn.example.org',
        ...(p.header === undefined ? [] : [p.header]),
        `Content-Type: multipart/report; ${p.type ?? 'report-type=disposition-notification; '}boundary=b`,
        '',
        '--b',
        '',
        'A text.',
        '--b',
        `Content-Type: ${p.part ?? 'message/disposition-notification'}`,
        '',
        fields,
        ...(p.after === undefined ? [] : ['--b', p.after]),
        '--b--',
        '',
      ].join('\r\n'),
    ),
  );

describe('(direct-xdm 6) a notification that we write', () => {
  test.each<[Disposition, string[]]>([
    ['processed', ['Disposition: automatic-action/MDN-sent-automatically; processed']],
    [
      'dispatched',
      [
        'Disposition: automatic-action/MDN-sent-automatically; dispatched',
        'X-DIRECT-FINAL-DESTINATION-DELIVERY: ',
      ],
    ],
    [
      'failed',
      [
        'Disposition: automatic-action/MDN-sent-automatically; failed',
        'Failure: no such address',
        'Error: no such address',
      ],
    ],
  ])('%s', (disposition, expected) => {
    const mail = read(writeDisposition(owed({ disposition, why: 'no such address' }), about));
    const [, part] = mail.parts;
    expect(part?.contentType).toBe('message/disposition-notification');
    const fields = Buffer.from(part?.bytes ?? [])
      .toString()
      .split('\r\n')
      .filter((line) => line !== '');
    expect(fields).toEqual([
      'Reporting-UA: direct.tarn.example.org; Closeloop',
      'Final-Recipient: rfc822; intake@direct.tarn.example.org',
      'Original-Message-ID: <r1@direct.alder.example.org>',
      ...expected,
    ]);
    expect(mail).toMatchObject({
      from: 'intake@direct.tarn.example.org',
      to: ['nokafor@direct.alder.example.org'],
      messageId: 'n1@direct.tarn.example.org',
      references: ['r1@direct.alder.example.org'],
      reportType: 'disposition-notification',
    });
  });

  test('asks for none itself, and is never answered', () => {
    const mail = read(writeDisposition(owed(), about));
    expect(mail).toMatchObject({ isAutomatic: true, notificationsTo: undefined, asksDispatched: false });
  });

  test('(issue 13) holds what a sender wrote in its own field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (chance) => {
        for (const text of ['x>\r\nTo: c@three.example\r\n\r\nbody', chance]) {
          const written = writeDisposition(
            owed({ messageId: text, why: text, disposition: 'failed' }),
            about,
          );
          const mail = read(written);
          expect(mail.to).toEqual(['nokafor@direct.alder.example.org']);
          expect(mail.parts).toHaveLength(2);
          expect(readDispositions(mail)).toMatchObject([
            { outcome: 'failed', finalRecipient: 'intake@direct.tarn.example.org' },
          ]);
        }
      }),
    );
  });

  test('is read as it was written', () => {
    for (const disposition of ['processed', 'dispatched', 'failed'] as const)
      expect(readDispositions(read(writeDisposition(owed({ disposition }), about)))).toEqual([
        {
          kind: 'mdn',
          outcome: disposition,
          originalMessageId: 'r1@direct.alder.example.org',
          references: ['r1@direct.alder.example.org'],
          finalRecipient: 'intake@direct.tarn.example.org',
          word: disposition,
          modifiers: [],
          failure: disposition === 'failed' ? 'not delivered' : undefined,
          status: undefined,
        },
      ]);
  });
});

describe('(direct-xdm 6) a notification of others', () => {
  const RECIPIENT = 'Final-Recipient: rfc822; intake@direct.tarn.example.org';

  test.each<[string, DispositionReading['outcome'], readonly string[]]>([
    ['automatic-action/MDN-sent-automatically; processed', 'processed', []],
    ['automatic-action/MDN-sent-automatically;processed', 'processed', []],
    ['Automatic-Action/MDN-Sent-Automatically; Dispatched', 'dispatched', []],
    ['processed', 'processed', []],
    ['manual-action/MDN-sent-manually; displayed', 'displayed', []],
    ['automatic-action/MDN-sent-automatically; deleted', 'deleted', []],
    ['automatic-action/MDN-sent-automatically; deleted/error', 'failed', ['error']],
    ['automatic-action/MDN-sent-automatically; processed/error', 'failed', ['error']],
    ['automatic-action/MDN-sent-automatically; processed/Warning, Failure', 'failed', ['warning', 'failure']],
    ['automatic-action/MDN-sent-automatically; processed/warning', 'processed', ['warning']],
    ['automatic-action/MDN-sent-automatically; failed', 'failed', []],
    ['automatic-action/MDN-sent-automatically; error', 'failed', []],
    ['automatic-action/MDN-sent-automatically; denied', 'other', []],
    ['automatic-action/MDN-sent-automatically;', 'other', []],
    ['constructor', 'other', []],
  ])('Disposition: %s', (disposition, outcome, modifiers) => {
    expect(report(`${RECIPIENT}\r\nDisposition: ${disposition}`)).toMatchObject([
      { kind: 'mdn', outcome, modifiers },
    ]);
  });

  test('fails where it names a failure, whatever its word', () => {
    expect(
      report(`${RECIPIENT}\r\nDisposition: a/b; dispatched\r\nFailure: 5.1.1 unknown\x07user`),
    ).toMatchObject([{ outcome: 'failed', failure: '5.1.1 unknown user' }]);
    expect(report(`${RECIPIENT}\r\nDisposition: a/b; processed\r\nError: \r\n`)).toMatchObject([
      { outcome: 'processed' },
    ]);
    expect(report(`Disposition: a/b; failed\r\nFailure: ${'x'.repeat(2000)}`)[0]?.failure).toHaveLength(500);
  });

  test.each<[string, string | undefined]>([
    ['rfc822; intake@direct.tarn.example.org', 'intake@direct.tarn.example.org'],
    ['RFC822;Intake@Direct.Tarn.Example.Org', 'intake@direct.tarn.example.org'],
    ['intake@direct.tarn.example.org', 'intake@direct.tarn.example.org'],
    ['rfc822; Intake Desk <intake@direct.tarn.example.org>', 'intake@direct.tarn.example.org'],
    ['rfc822; "a@b.example" <intake@direct.tarn.example.org>', 'intake@direct.tarn.example.org'],
    ['rfc822; a@b.example, c@d.example', undefined],
    ['rfc822; nobody', undefined],
  ])('Final-Recipient: %s', (recipient, expected) => {
    expect(report(`Final-Recipient: ${recipient}\r\nDisposition: a/b; processed`)[0]?.finalRecipient).toBe(
      expected,
    );
  });

  test.each<[string, string, string | undefined, readonly string[]]>([
    ['in brackets', 'Original-Message-ID: <r1@x>', 'r1@x', []],
    ['without brackets', 'original-message-id: r1@x', 'r1@x', []],
    ['with blanks', 'Original-Message-ID: < r1 @ x >', 'r1@x', []],
    ['folded', 'Original-Message-ID:\r\n <r1@x>', 'r1@x', []],
    ['nowhere', 'X-A: b', undefined, ['r1@x', 'r0@x']],
  ])('the original id: %s', (_name, field, originalMessageId, references) => {
    const header = references.length === 0 ? undefined : 'References: <r0@x> <r1@x>\r\nIn-Reply-To: <r1@x>';
    expect(
      report(`${field}\r\nDisposition: a/b; processed`, header === undefined ? {} : { header }),
    ).toMatchObject([{ originalMessageId, references }]);
  });

  test('is read without the parameter that names its type, and as a mail of its own', () => {
    expect(report('Disposition: a/b; processed', { type: '' })).toMatchObject([{ outcome: 'processed' }]);
    expect(
      readDispositions(
        read(
          'From: a@b.example\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: a/b; processed',
        ),
      ),
    ).toMatchObject([{ outcome: 'processed' }]);
  });

  test('is none where it is a file of another mail, or forwarded, or empty', () => {
    const mixed = (type: string): readonly DispositionReading[] =>
      readDispositions(
        read(
          `From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\nContent-Type: ${type}\r\n\r\nDisposition: a/b; processed\r\n--b--`,
        ),
      );
    expect(mixed('message/disposition-notification')).toEqual([]);
    expect(mixed('message/rfc822')).toEqual([]);
    expect(report('')).toEqual([]);
    expect(report('no fields here')).toEqual([]);
    expect(readDispositions({ kind: 'fault', fault: 'too-long' })).toEqual([]);
  });
});

describe('(direct-xdm 6) a report of a relay (RFC 3464)', () => {
  const type = { type: 'report-type=delivery-status; ', part: 'message/delivery-status' };

  test('says what became of each recipient, of the message that it returns', () => {
    const fields = [
      'Reporting-MTA: dns; relay.example',
      '',
      'Final-Recipient: rfc822; a@b.example',
      'Action: failed',
      'Status: 5.1.1 (unknown)',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user',
      '',
      'Final-Recipient: rfc822; c@d.example',
      'Action: delayed',
      'Status: 4.4.1',
      '',
    ].join('\r\n');
    const after = 'Content-Type: text/rfc822-headers\r\n\r\nFrom: x@y.example\r\nMessage-ID: <r1@x>\r\n';
    expect(report(fields, { ...type, after })).toMatchObject([
      {
        kind: 'dsn',
        outcome: 'failed',
        finalRecipient: 'a@b.example',
        originalMessageId: 'r1@x',
        status: '5.1.1',
        failure: 'smtp; 550 5.1.1 no such user',
      },
      { kind: 'dsn', outcome: 'other', word: 'delayed', finalRecipient: 'c@d.example', status: '4.4.1' },
    ]);
  });

  test('returns the message itself, or names it in a field', () => {
    const fields =
      'X-Original-Message-ID: <r2@x>\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.0.0';
    const after = 'Content-Type: message/rfc822\r\n\r\nMessage-ID: <r1@x>\r\n\r\nMessage-ID: <r3@x>';
    expect(report(fields, { ...type, after })[0]?.originalMessageId).toBe('r1@x');
    expect(report(fields, type)[0]?.originalMessageId).toBe('r2@x');
    expect(report(fields, type)[0]?.failure).toBe('5.0.0');
  });

  test('names at most a hundred recipients', () => {
    const fields = `Reporting-MTA: x\r\n\r\n${'Action: failed\r\n\r\n'.repeat(500)}`;
    expect(report(fields, type)).toHaveLength(100);
  });
});
