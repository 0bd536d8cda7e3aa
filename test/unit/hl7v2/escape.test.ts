/** Escape sequences, both ways, and character sets. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { charsetNamed, decode, encodeBytes, type Charset } from '../../../src/hl7v2/charset.ts';
import { STANDARD } from '../../../src/hl7v2/delimiters.ts';
import { escapeText, unescapeText, type Syntax } from '../../../src/hl7v2/escape.ts';
import { Hl7Fault } from '../../../src/hl7v2/fault.ts';
import { decodeMessage, encodeMessage, parseMessage, text } from '../../../src/hl7v2/message.ts';

const SYNTAX: Syntax = { ...STANDARD, charset: 'UNICODE UTF-8' };

describe('from the message to plain text', () => {
  test.each([
    ['plain', 'plain'],
    [String.raw`\F\ \S\ \T\ \R\ \E\ `, '| ^ & ~ \\ '],
    [String.raw`\P\ `, '# '],
    [String.raw`one\.br\two\.sp\three`, 'one\ntwo\nthree'],
    [String.raw`a\.sp3\b\.sp +2\c`, 'a\n\n\nb\n\nc'],
    [String.raw`a\.sk4\b`, 'a    b'],
    [String.raw`\.in+4\\.ti-4\\.fi\\.nf\a\.ce\b`, 'a\nb'],
    [String.raw`\.sp999999999\ `, String.raw`\.sp999999999\ `],
    [String.raw`\H\loud\N\ quiet`, 'loud quiet'],
    [String.raw`\X41\\X0D0A\ `, 'A\r\n '],
    [String.raw`caf\XC3A9\ `, 'café '],
    [String.raw`caf\XC3\\XA9\ `, 'café '],
    [String.raw`caf\xc3a9\ `, String.raw`caf\xc3a9\ `],
    [String.raw`\XC3\ alone`, String.raw`\XC3\ alone`],
    [String.raw`\X4\ \XZZ\ \X\ `, String.raw`\X4\ \XZZ\ \X\ `],
    [String.raw`\C2842\ \M2442\ \M244242\ `, String.raw`\C2842\ \M2442\ \M244242\ `],
    [String.raw`\Zlocal\ \Zab\F\ `, String.raw`\Zlocal\ \Zab\F\ `],
    [String.raw`C:\temp\file`, String.raw`C:\temp\file`],
    [String.raw`a\b \F\ c`, String.raw`a\b | c`],
    [String.raw`a\\F\ `, 'a\\| '],
    [String.raw`no end \F`, String.raw`no end \F`],
    ['\\', '\\'],
    [String.raw`\E\F\E\ `, String.raw`\F\ `],
  ])('%s', (raw, plain) => {
    expect(unescapeText(raw, SYNTAX)).toBe(plain);
  });

  test('hexadecimal is in the character set of the message', () => {
    expect(unescapeText(String.raw`\XE9\ `, { ...SYNTAX, charset: '8859/1' })).toBe('é ');
    expect(unescapeText(String.raw`\XE9\ `, { ...SYNTAX, charset: '8859/5' })).toBe('щ ');
    expect(unescapeText(String.raw`\XE9\ `, { ...SYNTAX, charset: 'ASCII' })).toBe(String.raw`\XE9\ `);
    const [, nte] = parseMessage(`MSH|^~\\&${'|'.repeat(16)}8859/5\rNTE|1||\\XE9\\\r`).segments;
    expect(nte && text(nte, 3)).toBe('щ');
    const [, agreed] = parseMessage('MSH|^~\\&|\rNTE|1||\\XE9\\\r', '8859/1').segments;
    expect(agreed && text(agreed, 3)).toBe('é');
  });

  test('without an escape character nothing is escaped', () => {
    expect(unescapeText(String.raw`\F\ `, { ...SYNTAX, escape: '' })).toBe(String.raw`\F\ `);
  });
});

describe('from plain text to the message', () => {
  test.each([
    ['plain, and a\ttab', 'plain, and a\ttab'],
    ['|^&~\\', String.raw`\F\\S\\T\\R\\E\ `.trim()],
    ['#', '#'],
    ['one\ntwo\r\nthree', String.raw`one\X0A\two\X0A\three`],
    ['one\rtwo', String.raw`one\X0D\two`],
    ['\v\x1c\0\x7f', String.raw`\X0B\\X1C\\X00\\X7F\ `.trim()],
    ['""', String.raw`\X2222\ `.trim()],
    ['"" and more', '"" and more'],
    ['', ''],
    ['日本 é', '日本 é'],
  ])('%j', (plain, raw) => {
    expect(escapeText(plain, SYNTAX)).toBe(raw);
    expect(unescapeText(raw, SYNTAX)).toBe(plain.replaceAll('\r\n', '\n'));
  });

  test('a line break is a formatting command in formatted text alone (2.7.6)', () => {
    expect(escapeText('one\ntwo\r\nthree', SYNTAX, 'formatted')).toBe(String.raw`one\.br\two\.br\three`);
  });

  test('the delimiters of the message, not the usual ones', () => {
    const own: Syntax = {
      field: '$',
      component: '%',
      repetition: '*',
      escape: '!',
      subcomponent: '@',
      truncation: '#',
      charset: 'ASCII',
    };
    expect(escapeText('a|b$c%d*e!f@g#h\\', own)).toBe('a|b!F!c!S!d!R!e!E!f!T!g!P!h\\');
    expect(unescapeText('!F!!S!!R!!E!!T!!P!', own)).toBe('$%*!@#');
  });

  test('a message without an escape character cannot carry what needs one', () => {
    const poor = { ...STANDARD, escape: '', subcomponent: '', repetition: '' };
    expect(escapeText('a~b', poor)).toBe('a~b');
    for (const value of ['a|b', 'a\nb', '""']) expect(() => escapeText(value, poor)).toThrow(Hl7Fault);
  });
});

/** A message of one line, with an é in it. */
const message = (charset: string) => `MSH|^~\\&|é${'|'.repeat(15)}${charset}|\r`;

describe('character sets', () => {
  test.each<[string, Charset, number[]]>([
    ['', 'UNICODE UTF-8', [0xc3, 0xa9]],
    ['UNICODE UTF-8', 'UNICODE UTF-8', [0xc3, 0xa9]],
    ['utf-8', 'UNICODE UTF-8', [0xc3, 0xa9]],
    ['8859/1', '8859/1', [0xe9]],
    ['ISO-8859-1', '8859/1', [0xe9]],
    ['8859/2', '8859/2', [0xe9]],
    ['8859/15~ISO IR87', '8859/15', [0xe9]],
  ])('%s', (code, charset, bytes) => {
    const sent = Buffer.concat([
      Buffer.from('MSH|^~\\&|'),
      Buffer.from(bytes),
      Buffer.from(message(code).slice(10)),
    ]);
    const decoded = decodeMessage(sent);
    expect(decoded).toEqual({ text: message(code), charset });
    expect(Buffer.from(encodeBytes(encodeMessage(parseMessage(decoded.text)), charset))).toEqual(sent);
  });

  test('an empty MSH-18 is what the link agreed on', () => {
    const sent = Buffer.from(message(''), 'latin1');
    expect(decodeMessage(sent, '8859/1')).toEqual({ text: message(''), charset: '8859/1' });
    expect(() => decodeMessage(sent)).toThrow(expect.objectContaining({ code: '102', field: 18 }));
  });

  test('a byte order mark is UTF-8, and stays', () => {
    const sent = Buffer.from(`\ufeff${message('8859/1')}`);
    expect(decodeMessage(sent)).toEqual({ text: `\ufeff${message('8859/1')}`, charset: 'UNICODE UTF-8' });
  });

  test('what cannot be read is a fault', () => {
    expect(() => decodeMessage(Buffer.from(message('UNICODE UTF-16')))).toThrow(
      expect.objectContaining({ code: '103', segment: 'MSH', field: 18 }),
    );
    expect(() => decodeMessage(Buffer.from(message('ASCII')))).toThrow(
      expect.objectContaining({ code: '102' }),
    );
  });

  test('what cannot be written is a fault, never a question mark', () => {
    for (const charset of ['ASCII', '8859/1', '8859/5'] as const)
      expect(() => encodeBytes('日', charset)).toThrow(expect.objectContaining({ code: '102', field: 18 }));
    expect(() => encodeBytes('\ud800', 'UNICODE UTF-8')).toThrow(Hl7Fault);
  });

  test('every byte of every 8859 goes there and back, or is no character', () => {
    const counts = ([1, 2, 3, 4, 5, 6, 7, 8, 9, 15] as const).map((part) => {
      let known = 0;
      for (let byte = 0; byte < 256; byte += 1) {
        const character = decode(Uint8Array.of(byte), `8859/${part}`);
        if (character === undefined) continue;
        known += 1;
        expect([...encodeBytes(character, `8859/${part}`)]).toEqual([byte]);
      }
      return known;
    });
    // The empty places of ISO/IEC 8859-3, -6, -7 and -8.
    expect(counts).toEqual([256, 256, 249, 256, 256, 211, 253, 220, 256, 256]);
  });

  test.each([['8859/14'], ['GB 18030-2000'], ['ISO IR87'], ['']])('%j is not read', (name) => {
    expect(charsetNamed(name)).toBeUndefined();
  });
});
