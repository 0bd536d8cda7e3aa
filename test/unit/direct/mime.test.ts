/** Mails as programs of people write them, and as attackers do (direct-xdm 2, 9, 12; issue 13, "Bad input"). */
import { describe, expect, test } from '@jest/globals';
import { composeMail, PACKAGE_SUBJECT, type MailDraft } from '../../../src/direct/mime/compose.ts';
import type { MailFault, MailRemark } from '../../../src/direct/mime/faults.ts';
import { MAIL_LIMITS } from '../../../src/direct/mime/limits.ts';
import { readMail, readMailHead, type MailText } from '../../../src/direct/mime/read.ts';
import * as fc from '../../chance.ts';

const HEAD = 'From: a@one.example\r\nTo: b@two.example\r\n';

function read(mail: Uint8Array | string): MailText {
  const reading = readMail(typeof mail === 'string' ? Buffer.from(mail, 'latin1') : mail, MAIL_LIMITS);
  if (reading.kind === 'fault') throw new Error(reading.fault);
  return reading;
}

const faultOf = (mail: Uint8Array | string, limits = MAIL_LIMITS): MailFault | undefined => {
  const reading = readMail(typeof mail === 'string' ? Buffer.from(mail, 'latin1') : mail, limits);
  return reading.kind === 'fault' ? reading.fault : undefined;
};

const textsOf = ({ parts }: MailText): readonly string[] =>
  parts.map(({ bytes }) => Buffer.from(bytes).toString());

describe('(direct-xdm 2) a message that we compose', () => {
  const draft: MailDraft = {
    from: 'a@one.example',
    to: 'b@two.example',
    subject: PACKAGE_SUBJECT,
    messageId: 'm1@one.example',
    date: Date.UTC(2026, 11, 1, 2, 0, 0),
    text: 'A summary.',
    files: [{ fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: Buffer.from('PK') }],
    asks: 'dispatched',
  };

  test('(360x section 7) has a text, a zip, and the headers that ask for notifications', async () => {
    const written = Buffer.from(await composeMail(draft)).toString();
    expect(written).toMatch(/^Subject: XDM\/1\.0\/DDM\r$/m);
    expect(written).toMatch(/^MIME-Version: 1\.0\r$/m);
    expect(written).toMatch(/^Disposition-Notification-To: <a@one\.example>\r$/m);
    expect(written).toMatch(
      /^Disposition-Notification-Options: X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true\r$/m,
    );
    expect(written).toMatch(
      /^Content-Type: application\/zip; name="REQUEST\.ZIP"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="REQUEST\.ZIP"\r$/m,
    );
    expect(read(written)).toMatchObject({
      from: 'a@one.example',
      to: ['b@two.example'],
      messageId: 'm1@one.example',
      references: [],
      sentAt: draft.date,
      notificationsTo: 'a@one.example',
      asksDispatched: true,
      isAutomatic: false,
      remarks: [],
    });
  });

  test('asks for nothing where it is told to', async () => {
    expect(read(await composeMail({ ...draft, asks: 'none' }))).toMatchObject({
      notificationsTo: undefined,
      asksDispatched: false,
    });
  });

  test('is the same for the same draft, and ASCII in lines of at most 998 characters', async () => {
    const long = { ...draft, text: `${'x'.repeat(3000)}\nÄrztin\r\rend`, subject: 'Überweisung '.repeat(40) };
    const written = Buffer.from(await composeMail(long));
    expect(written.equals(Buffer.from(await composeMail(long)))).toBe(true);
    const lines = written.toString('latin1').split('\r\n');
    expect(lines.every((line) => line.length <= 998 && /^[\t\x20-\x7e]*$/.test(line))).toBe(true);
    expect(read(written).subject).toBe(long.subject.trim());
    expect(textsOf(read(written))[0]).toBe(`${'x'.repeat(3000)}\r\nÄrztin\r\n\r\nend\r\n`);
  });

  test('(issue 13) holds whatever it is given in its own field: no header is injected', async () => {
    const evil = 'x\r\nBcc: c@three.example\r\n\r\nbody\n.\u0000\u0085\u2028';
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (chance) => {
        for (const text of [evil, chance]) {
          const written = Buffer.from(
            await composeMail({
              ...draft,
              subject: text,
              messageId: `${text}@one.example`,
              text,
              files: [{ fileName: text, contentType: text, bytes: Buffer.from(text) }],
            }),
          ).toString('latin1');
          const head = written.slice(0, written.indexOf('\r\n\r\n'));
          const names = head.split(/\r\n(?![ \t])/).map((line) => /^[A-Za-z-]+(?=: )/.exec(line)?.[0]);
          expect(names).toEqual([
            'From',
            'To',
            'Date',
            'Message-ID',
            'Subject',
            'Disposition-Notification-To',
            'Disposition-Notification-Options',
            'MIME-Version',
            'Content-Type',
          ]);
          expect(read(written).parts).toHaveLength(2);
        }
      }),
    );
  });
});

describe('(direct-xdm 12) the text of a mail', () => {
  const part = (headers: string, body: string): string => `${HEAD}${headers}\r\n\r\n${body}`;

  test.each<[string, string, string, string, readonly MailRemark[]]>([
    ['plain', 'Content-Type: text/plain', 'Hello', 'Hello', []],
    ['without any type', 'X-A: b', 'Hello', 'Hello', []],
    [
      '8-bit UTF-8',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit',
      'Z\xc3\xbcrich',
      'Zürich',
      [],
    ],
    ['8-bit UTF-8 that nobody announced', 'X-A: b', 'Z\xc3\xbcrich', 'Zürich', []],
    ['ISO 8859-1', 'Content-Type: text/plain; charset="ISO-8859-1"', 'Z\xfcrich', 'Zürich', []],
    ['Windows-1252', 'Content-Type: text/plain; charset=windows-1252', '\x93Z\xfcrich\x94', '“Zürich”', []],
    ['8 bits without a charset', 'Content-Type: text/plain', 'Z\xfcrich', 'Zürich', ['text-broken']],
    [
      'a charset that nobody knows',
      'Content-Type: text/plain; charset=x-nobody',
      'Z\xfcrich',
      'Zürich',
      ['charset-unknown'],
    ],
    [
      'quoted-printable',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: Quoted-Printable',
      'Z=C3=BCrich=20=\r\nis  \r\nbig=3d',
      'Zürich is\r\nbig=',
      [],
    ],
    [
      'quoted-printable, broken',
      'Content-Transfer-Encoding: quoted-printable',
      'a=b =ZZ =',
      'a=b =ZZ ',
      ['transfer-broken'],
    ],
    [
      'base64',
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64',
      'WsO8\r\ncmljaA==\r\n',
      'Zürich',
      [],
    ],
    ['base64, broken', 'Content-Transfer-Encoding: base64', 'SGVs*bG8=', 'Hello', ['transfer-broken']],
    [
      'base64 with something after it',
      'Content-Transfer-Encoding: base64',
      'SGVsbG8=\r\n--\r\nfooter',
      'Hello',
      ['transfer-broken'],
    ],
    ['uuencode', 'Content-Transfer-Encoding: x-uuencode', 'begin 644 a', 'begin 644 a', ['transfer-broken']],
    [
      'format=flowed',
      'Content-Type: text/plain; format=flowed',
      'One \r\nline.\r\n Two\r\n>quoted \r\n>text\r\n-- \r\nName',
      'One line.\nTwo\n> quoted text\n-- \nName',
      [],
    ],
    [
      'format=flowed, delsp',
      'Content-Type: text/plain; format=flowed; delsp=yes',
      'co \r\noperate',
      'cooperate',
      [],
    ],
    [
      'with a comment in its type',
      'Content-Type: text/plain (plain text); charset=utf-8 (UTF)',
      'a',
      'a',
      [],
    ],
    ['UTF-16', 'Content-Type: text/plain; charset=utf-16le', 'H\0i\0', 'Hi', []],
    ['bare line ends', 'Content-Type: text/plain', 'a\nb\rc', 'a\nb\rc', ['line-ends']],
  ])('%s', (_name, headers, body, text, remarks) => {
    const mail = read(part(headers, body));
    expect(textsOf(mail)).toEqual([text]);
    expect(mail.remarks).toEqual(remarks);
  });

  test('(direct-xdm 2) a mail whose lines end with LF alone is read', () => {
    const mail = read(
      'From: a@one.example\nSubject: x\n y\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n',
    );
    expect(mail.subject).toBe('x y');
    expect(textsOf(mail)).toEqual(['one', 'two']);
    expect(mail.remarks).toEqual(['line-ends']);
  });

  test.each<[string, string, string]>([
    ['RFC 2047, Q', 'Subject: =?iso-8859-1?Q?Z=FCrich_ist?= =?utf-8?q?_gro=C3=9F?=', 'Zürich ist groß'],
    [
      'RFC 2047, B, folded',
      'Subject: =?utf-8?B?WsO8cmljaA==?=\r\n =?utf-8?B?IGlzdA==?= here',
      'Zürich ist here',
    ],
    ['raw UTF-8', 'Subject: Z\xc3\xbcrich', 'Zürich'],
    ['a line end in an encoded word', 'Subject: =?utf-8?Q?a=0D=0ABcc:_b?=', 'a Bcc: b'],
    ['an encoded word that is none', 'Subject: =?utf-8?X?abc?= =?', '=?utf-8?X?abc?= =?'],
    ['none', 'X-A: b', ''],
  ])('subject: %s', (_name, header, subject) => {
    expect(read(`${HEAD}${header}\r\n\r\n`).subject).toBe(subject);
  });

  test.each<[string, string, string | undefined]>([
    ['plain', 'Content-Disposition: attachment; filename=REQUEST.ZIP', 'REQUEST.ZIP'],
    ['quoted', 'Content-Disposition: attachment; filename="a \\"b\\".zip"', 'a "b".zip'],
    ['by its type', 'Content-Type: application/zip; name=REQUEST.ZIP', 'REQUEST.ZIP'],
    ['RFC 2231', "Content-Disposition: attachment; filename*=utf-8''Z%C3%BCrich.zip", 'Zürich.zip'],
    [
      'RFC 2231 in pieces',
      'Content-Disposition: attachment; filename*0*=utf-8\'\'Z%C3%BC; filename*1="rich%20.zip"',
      'Zürich%20.zip',
    ],
    ['RFC 2047', 'Content-Disposition: attachment; filename="=?utf-8?Q?Z=C3=BCrich.zip?="', 'Zürich.zip'],
    ['a path', 'Content-Disposition: attachment; filename="../../etc/passwd"', 'passwd'],
    ['a path of Windows', 'Content-Disposition: attachment; filename="C:\\\\a\\\\b.zip"', 'b.zip'],
    ['a path in disguise', "Content-Disposition: attachment; filename*=utf-8''..%2F..%2Fx", 'x'],
    ['dots', 'Content-Disposition: attachment; filename=".."', undefined],
    ['a control character', "Content-Disposition: attachment; filename*=utf-8''a%0D%0Ab.zip", 'a b.zip'],
  ])('name of a file: %s', (_name, header, fileName) => {
    expect(read(`${HEAD}${header}\r\n\r\nx`).parts[0]?.fileName).toBe(fileName);
  });
});

describe('(direct-xdm 12) the parts of a mail', () => {
  const multipart = (type: string, ...parts: readonly string[]): string =>
    `Content-Type: ${type}; boundary="=_b 1"\r\n\r\npreamble\r\n${parts.map((one) => `--=_b 1\r\n${one}\r\n`).join('')}--=_b 1--\r\nepilogue`;

  test('are leaves in order, files byte for byte', () => {
    const xml = '<?xml version="1.0" encoding="ISO-8859-1"?><a>\xfc</a>';
    const mail = read(
      HEAD +
        multipart(
          'multipart/mixed',
          '\r\nHello',
          `Content-Type: text/xml; charset=iso-8859-1; name=ccda.xml\r\nContent-Disposition: attachment\r\n\r\n${xml}`,
          'Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==',
        ),
    );
    expect(mail.parts.map(({ contentType, fileName }) => [contentType, fileName])).toEqual([
      ['text/plain', undefined],
      ['text/xml', 'ccda.xml'],
      ['application/zip', undefined],
    ]);
    expect(Buffer.from(mail.parts[1]?.bytes ?? []).toString('latin1')).toBe(xml);
    expect(Buffer.from(mail.parts[2]?.bytes ?? []).toString('hex')).toBe('504b0304');
  });

  test('of an alternative: the plain text, and not the page; files stay', () => {
    const html = 'Content-Type: text/html\r\n\r\n<b>Hi</b>';
    const inner = multipart('multipart/alternative', 'Content-Type: text/plain\r\n\r\nHi', html).replaceAll(
      '=_b 1',
      'inner',
    );
    expect(
      textsOf(
        read(HEAD + multipart('multipart/mixed', inner, 'Content-Type: text/plain; name=a.txt\r\n\r\nfile')),
      ),
    ).toEqual(['Hi', 'file']);
    expect(textsOf(read(HEAD + multipart('multipart/alternative', html)))).toEqual(['<b>Hi</b>']);
  });

  test('a forwarded message stays in one piece: what is in it was not sent by this sender', () => {
    const inner =
      `From: c@three.example\r\n${multipart('multipart/mixed', '\r\nsecret', 'Content-Type: application/zip\r\n\r\nPK')}`.replaceAll(
        '=_b 1',
        'inner',
      );
    const mail = read(
      HEAD + multipart('multipart/mixed', '\r\nSee below', `Content-Type: message/rfc822\r\n\r\n${inner}`),
    );
    expect(mail.parts.map(({ contentType }) => contentType)).toEqual(['text/plain', 'message/rfc822']);
    expect(Buffer.from(mail.parts[1]?.bytes ?? []).toString()).toBe(inner);
  });

  test('winmail.dat is told, and kept as a file', () => {
    for (const headers of [
      'Content-Type: application/ms-tnef',
      'Content-Type: application/octet-stream; name=WINMAIL.DAT',
    ]) {
      const mail = read(HEAD + multipart('multipart/mixed', '\r\nHi', `${headers}\r\n\r\nTNEF`));
      expect(mail.remarks).toEqual(['winmail']);
      expect(textsOf(mail)[1]).toBe('TNEF');
    }
  });

  test('of a multipart that was cut off, or has no boundary, are what is there', () => {
    const cut = read(
      `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw`,
    );
    expect(textsOf(cut)).toEqual(['one', 'tw']);
    expect(cut.remarks).toEqual(['cut-off']);
    const none = read(`${HEAD}Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\none`);
    expect(none.remarks).toEqual(['cut-off']);
    expect(none.parts.map(({ contentType }) => contentType)).toEqual(['multipart/mixed']);
  });

  test('a boundary that is the beginning of another is none', () => {
    const mail = read(
      `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--bb\r\n x--b\r\n--b--\r\n`,
    );
    expect(textsOf(mail)).toEqual(['--bb\r\n x--b']);
  });

  test('(direct-xdm 9) the context that a field names, as keys and values', () => {
    const metadata =
      'version: 1.0\r\nID: 142@hosp.example\r\npatient-id: 2.16.840.1:123;\r\n 2.16.841:4\r\ntype: radiology/report\r\nnone of these\r\ntype: second';
    const mail = read(
      `X-Direct-Context: <m2@hosp.example>\r\n${HEAD}${multipart('multipart/mixed', '\r\nHi', `Content-Type: text/plain\r\nContent-ID: <m2@hosp.example>\r\nContent-Disposition: attachment; filename=metadata.txt\r\n\r\n${metadata}`)}`,
    );
    expect([...mail.context]).toEqual([
      ['version', '1.0'],
      ['id', '142@hosp.example'],
      ['patient-id', '2.16.840.1:123; 2.16.841:4'],
      ['type', 'radiology/report'],
    ]);
    expect(read(`${HEAD}X-Direct-Context: <nowhere@x>\r\n\r\n`).context.size).toBe(0);
  });
});

describe('(direct-xdm 2) the header of a mail', () => {
  test.each<[string, string, string | undefined]>([
    ['an address', 'a@one.example', 'a@one.example'],
    ['in brackets, with capitals', '<A@One.Example>', 'a@one.example'],
    ['with a name', 'Dr. A <a@one.example>', 'a@one.example'],
    ['with a name that is another address', '"b@two.example" <a@one.example>', 'a@one.example'],
    ['with a comment', 'a@one.example (b@two.example)', 'a@one.example'],
    ['with brackets in the name', '"<b@two.example>" <a@one.example>', 'a@one.example'],
    ['with an encoded name', '=?utf-8?Q?b=40two=2Eexample?= <a@one.example>', 'a@one.example'],
    ['two addresses', 'a@one.example, b@two.example', undefined],
    ['two pairs of brackets', '<a@one.example> <b@two.example>', undefined],
    ['brackets within brackets', '<<a@one.example>>', undefined],
    ['none', '', undefined],
    ['a group', 'us: a@one.example;', undefined],
    ['a name alone', 'Dr. A', undefined],
    ['a quoted local part', '"a b"@one.example', undefined],
    ['an open quote', '"a <a@one.example>', undefined],
  ])('From: %s', (_name, from, expected) => {
    const reading = readMail(Buffer.from(`From: ${from}\r\n\r\n`), MAIL_LIMITS);
    expect(reading.kind === 'mail' ? reading.from : reading.fault).toBe(expected ?? 'no-sender');
  });

  test.each<[string, string, MailFault]>([
    ['From twice', `${HEAD}From: c@three.example\r\n\r\n`, 'header-twice'],
    ['From twice, once with a blank', `${HEAD}FROM : c@three.example\r\n\r\n`, 'header-twice'],
    [
      'Content-Type twice',
      `${HEAD}Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n`,
      'header-twice',
    ],
    ['Message-ID twice', `${HEAD}Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n`, 'header-twice'],
    ['no From', 'To: b@two.example\r\n\r\n', 'no-sender'],
    ['a bare CR', 'From: a@one.example\rTo: b@two.example\r\n\r\n', 'header-broken'],
    ['a NUL', 'From: a@one.example\0\r\n\r\n', 'header-broken'],
    ['a line that is no field', `${HEAD}hello\r\n\r\n`, 'header-broken'],
    ['a fold before any field', ` x\r\n${HEAD}\r\n`, 'header-broken'],
    [
      'a broken header of a part',
      `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nhello\r\n\r\n--b--`,
      'header-broken',
    ],
    ['a header that is too long', `${HEAD}Subject: ${'x'.repeat(70_000)}\r\n\r\n`, 'header-too-long'],
    ['a header without an end', `${HEAD}${'X: y\r\n'.repeat(20_000)}`, 'header-too-long'],
    ['too many fields', `${HEAD}${'X: y\r\n'.repeat(501)}\r\n`, 'header-too-long'],
    [
      'too many parts',
      `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(250)}--b--`,
      'too-many-parts',
    ],
  ])('%s', (_name, mail, fault) => {
    expect(faultOf(mail)).toBe(fault);
  });

  test('too many parts in several multiparts, and too deep ones', () => {
    const level = (depth: number): string =>
      depth === 0
        ? '\r\nx'
        : `Content-Type: multipart/mixed; boundary=b${String(depth)}\r\n\r\n--b${String(depth)}\r\n${level(depth - 1)}\r\n--b${String(depth)}--`;
    expect(faultOf(HEAD + level(10))).toBeUndefined();
    expect(faultOf(HEAD + level(12))).toBe('too-deep');
    const wide = `Content-Type: multipart/mixed; boundary=i\r\n\r\n${'--i\r\n\r\nx\r\n'.repeat(150)}--i--`;
    expect(
      faultOf(
        `${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${wide}\r\n--b\r\n${wide}\r\n--b--`,
      ),
    ).toBe('too-many-parts');
    expect(faultOf(HEAD, { ...MAIL_LIMITS, bytesMax: 10 })).toBe('too-long');
  });

  test.each<[string, string, boolean]>([
    ['nothing', 'X-A: b', false],
    ['Auto-Submitted: no', 'Auto-Submitted: no', false],
    ['Auto-Submitted: auto-replied', 'Auto-Submitted: Auto-Replied (vacation)', true],
    ['Auto-Submitted: auto-generated', 'Auto-Submitted: auto-generated; x=y', true],
    ['a null sender', 'Return-Path: < >', true],
    ['another sender', 'Return-Path: <a@one.example>', false],
    ['Precedence: bulk', 'Precedence: Bulk', true],
    ['a list', 'List-Id: <l.one.example>', true],
    ['a report', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b', true],
    ['a report without a type', 'Content-Type: multipart/report; boundary=b', true],
    ['a notification that is the mail itself', 'Content-Type: message/disposition-notification', true],
  ])('a mail of a machine: %s', (_name, header, isAutomatic) => {
    expect(read(`${HEAD}${header}\r\n\r\n`).isAutomatic).toBe(isAutomatic);
  });

  test('is read by itself, without the parts', () => {
    const mail = Buffer.from(
      `${HEAD}Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nbroken\r\n--b--`,
    );
    expect(readMail(mail, MAIL_LIMITS)).toEqual({ kind: 'fault', fault: 'header-broken' });
    expect(readMailHead(mail, MAIL_LIMITS)).toMatchObject({
      kind: 'mail',
      subject: 'x',
      parts: [],
      remarks: [],
    });
    expect(readMailHead(Buffer.from('To: b@two.example\r\n\r\n'), MAIL_LIMITS)).toEqual({
      kind: 'fault',
      fault: 'no-sender',
    });
  });

  test('counts the servers that it passed', () => {
    expect(read(`${'Received: from x\r\n by y\r\n'.repeat(30)}${HEAD}\r\n`).hops).toBe(30);
  });

  test.each<[string, boolean]>([
    ['X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true', true],
    ['x-direct-final-destination-delivery = Required, True', true],
    ['signed-receipt-protocol=optional,pkcs7; X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true', true],
    ['X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,false', false],
    ['X-DIRECT-FINAL-DESTINATION-DELIVERY=true', false],
    ['X-OTHER=optional,true', false],
  ])('(direct-xdm 6) the option %s', (options, asks) => {
    expect(read(`${HEAD}Disposition-Notification-Options: ${options}\r\n\r\n`).asksDispatched).toBe(asks);
  });

  test.each<[string, string | undefined]>([
    ['Tue, 01 Dec 2026 02:30:00 +0000', '2026-12-01T02:30:00.000Z'],
    ['1 Dec 2026 02:30 EST', '2026-12-01T07:30:00.000Z'],
    ['Tue, 1 Dec 2026 02:30:05 -0530 (IST)', '2026-12-01T08:00:05.000Z'],
    ['yesterday', undefined],
    ['Tue, 1 Foo 2026 02:30:05 +0000', undefined],
  ])('Date: %s', (date, expected) => {
    const { sentAt } = read(`${HEAD}Date: ${date}\r\n\r\n`);
    expect(sentAt === undefined ? undefined : new Date(sentAt).toISOString()).toBe(expected);
  });

  test.each<[string, string | undefined, readonly string[]]>([
    ['Message-ID: <a@b>\r\nIn-Reply-To: <c@d>\r\nReferences: <e@f>\r\n <c@d>', 'a@b', ['c@d', 'e@f']],
    ['Message-ID: a@b\r\nReferences: c@d e@f', 'a@b', ['c@d', 'e@f']],
    ['Message-ID: < a @ b >', 'a@b', []],
    [`Message-ID: <${'x'.repeat(2000)}@b>`, undefined, []],
    ['Message-ID: <\xfc@b>', undefined, []],
  ])('ids: %s', (headers, messageId, references) => {
    expect(read(`${HEAD}${headers}\r\n\r\n`)).toMatchObject({ messageId, references });
  });
});

describe('(issue 13) reading', () => {
  test.each<[string, string]>([
    ['brackets', `From: ${'<'.repeat(60_000)}\r\n\r\n`],
    ['parentheses', `From: ${'('.repeat(60_000)}a@one.example\r\n\r\n`],
    ['commas', `${HEAD}Cc: ${','.repeat(60_000)}\r\n\r\n`],
    ['semicolons', `${HEAD}Content-Type: text/plain${';'.repeat(60_000)}\r\n\r\n`],
    ['quotes', `${HEAD}Content-Type: text/plain; a="${';a="'.repeat(15_000)}\r\n\r\n`],
    ['encoded words', `${HEAD}Subject: ${'=?utf-8?Q?'.repeat(6000)}\r\n\r\n`],
    ['question marks', `${HEAD}Subject: ${'=?'.repeat(30_000)}\r\n\r\n`],
    ['blanks', `${HEAD}Subject: a${' '.repeat(60_000)}b\r\n\r\n`],
    [
      'blanks at the ends of lines',
      `${HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(2_000_000)}x`,
    ],
    [
      'beginnings of boundaries',
      `${HEAD}Content-Type: multipart/mixed; boundary=${'-'.repeat(70)}\r\n\r\n${'-'.repeat(2_000_000)}`,
    ],
    ['quoted lines', `${HEAD}Content-Type: text/plain; format=flowed\r\n\r\n${'> \r\n'.repeat(200_000)}`],
  ])('(issue 13) takes no time that grows faster than the bytes: %s', (_name, mail) => {
    // The runner gives a test thirty seconds; a square of these lengths takes longer.
    expect(['mail', 'fault']).toContain(readMail(Buffer.from(mail, 'latin1'), MAIL_LIMITS).kind);
  });
});
