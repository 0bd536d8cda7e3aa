/** A mail of Direct from draft to reading (direct-xdm 2, 3, 6). */
import { describe, expect, test } from '@jest/globals';
import type { SigningKey } from '../../../src/direct/certificates/signing-key.ts';
import {
  openMail,
  type OpenedMessage,
  type OpenedMail,
  type MailSigner,
} from '../../../src/direct/cms/open.ts';
import { protectMail, type OuterHeaders, type Protection } from '../../../src/direct/cms/protect.ts';
import { readDispositions, type DispositionReading } from '../../../src/direct/mdn/read.ts';
import { writeDisposition, type DispositionAbout } from '../../../src/direct/mdn/write.ts';
import {
  composeMail,
  PACKAGE_SUBJECT,
  type MailDraft,
  type MailFile,
} from '../../../src/direct/mime/compose.ts';
import { MAIL_LIMITS, SENT_BYTES_MAX, type MailLimits } from '../../../src/direct/mime/limits.ts';
import {
  readMail,
  type MailFault,
  type MailReading,
  type MailRemark,
  type MailText,
} from '../../../src/direct/mime/read.ts';

type Words = [
  SigningKey,
  OpenedMessage,
  OpenedMail,
  MailSigner,
  OuterHeaders,
  Protection,
  DispositionReading,
  DispositionAbout,
  MailDraft,
  MailFile,
  MailLimits,
  MailFault,
  MailReading,
  MailRemark,
  MailText,
];

describe('(direct-xdm 2) a mail', () => {
  test('is bounded', () => {
    const words: Words | undefined = undefined;
    expect(words).toBeUndefined();
    expect(SENT_BYTES_MAX).toBeLessThan(MAIL_LIMITS.bytesMax);
    expect(PACKAGE_SUBJECT).toBe('XDM/1.0/DDM');
    expect([openMail, protectMail, composeMail, writeDisposition, readDispositions]).toHaveLength(5);
    expect(readMail(new Uint8Array(), MAIL_LIMITS).kind).toBe('fault');
  });
});
