/** The chain over the members of a commit, in both of their forms. */
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { AuditEntry } from '../../../src/ports/store.ts';
import {
  auditFault,
  auditMembers,
  chainHash,
  cutRows,
  hasContent,
  linkOf,
  rowsText,
  type Members,
} from '../../../src/stores/log/chain.ts';

const rowOf = (requestId: string): AuditEntry => ({
  event: 'read',
  action: 'R',
  outcome: '0',
  agent: { organization: 'Organization/a', client: 'c', subject: 's' },
  requestId,
  entities: [],
  patients: [],
  viewers: [],
});
const ROWS = [rowOf('one'), rowOf('two')];
const TEXTS = ROWS.map((row) => JSON.stringify(row));
const AUDIT = JSON.stringify(ROWS);
const sha256 = (text: string) => createHash('sha256').update(text).digest();

test('members that a log has keep their form, and the chain over them is as it was', () => {
  const { audit } = auditMembers(AUDIT, TEXTS);
  const old = JSON.stringify({ audit });
  expect(JSON.stringify(auditMembers(AUDIT, TEXTS, old))).toBe(old);
  expect(chainHash('before', 3, 4, old)).toBe(sha256(`before\n3\n4\n${old}`).toString('hex'));
  expect(auditFault(JSON.parse(old) as Members, AUDIT)).toBeUndefined();
});

test('(audit-compliance AU18) new members have a digest of each row, and the chain holds their digest', () => {
  const members = auditMembers(AUDIT, TEXTS);
  expect(members).toMatchObject({ v: 2, rows: TEXTS.map((row) => sha256(row).toString('base64url')) });
  const text = JSON.stringify(members);
  expect(JSON.stringify(auditMembers(AUDIT, TEXTS, text))).toBe(text);
  const hex = (part: string) => sha256(part).toString('hex');
  const more = text.replace(/\}$/, ',"versions":[["Task/t","d"]]}');
  const link = hex(hex(text.slice(0, -1)) + hex('}'));
  expect(linkOf(more)).toBe(hex(hex(text.slice(0, -1)) + hex(more.slice(text.length - 1))));
  expect(chainHash('before', 3, 4, text)).toBe(sha256(`before\n3\n4\n${link}`).toString('hex'));
  expect([
    rowsText(TEXTS),
    cutRows(
      AUDIT,
      TEXTS.map(({ length }) => length),
    ),
  ]).toEqual([AUDIT, TEXTS]);
});

test('a single row is its commit’s own digest', () => {
  const [row = ''] = TEXTS;
  const members = auditMembers(`[${row}]`, [row]);
  expect(members).toEqual({ v: 2, audit: sha256(JSON.stringify([`[${row}]`])).toString('base64url') });
});

test('a changed row and a changed digest are both found', () => {
  const members = auditMembers(AUDIT, TEXTS);
  expect(auditFault(members, AUDIT)).toBeUndefined();
  expect(auditFault(members, AUDIT.replace('one', 'two'))).toBe('its audit rows were changed');
  expect(auditFault({ ...members, rows: members.rows?.toReversed() ?? [] }, AUDIT)).toBe(
    'its audit rows have other digests than it says',
  );
});

test('a commit of audit alone has no content', () => {
  expect(hasContent(auditMembers(AUDIT, TEXTS))).toBe(false);
  expect(hasContent({ audit: '', versions: [] })).toBe(true);
});
