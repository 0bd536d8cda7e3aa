/** What agreements leave to an organization that works for others: of each type, and of messages by their search values. */
import { describe, expect, test } from '@jest/globals';
import { agreementNarrowing, askedOfShown, isOpenTo } from '../../../src/delivery/agreement-sight.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { isWithheld, type Associate } from '../../../src/messaging/masked.ts';
import type { Clause } from '../../../src/ports/query.ts';
import { isDirectory, RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { matches } from '../../../src/resources/match.ts';
import { searchValues } from '../../../src/resources/search-values.ts';
import * as fc from '../../chance.ts';

const V: Ref = 'Organization/v';
const ORGANIZATIONS: readonly Ref[] = [V, 'Organization/a', 'Organization/b'];
const associate: Associate = { organization: V, open: new Set<Ref>(['Organization/a']) };

describe('(baa-messaging BA13) every type', () => {
  const open = (files: 'all' | 'kept' | 'none'): readonly string[] => {
    const narrowing = agreementNarrowing(associate, files);
    return [...RESOURCE_TYPES.keys()].filter((type) => narrowing[type] === undefined && !isDirectory(type));
  };

  test('is closed but those that say what is open, messages, and the audit of one’s own', () => {
    expect(open('none').toSorted()).toEqual(['AuditEvent', 'Communication']);
    expect(open('kept').toSorted()).toEqual(['AuditEvent', 'Communication']);
    expect(open('all').toSorted()).toEqual(['AuditEvent', 'Binary', 'Communication']);
  });

  test('is left by who keeps it, as a clause and by itself', () => {
    const narrowing = agreementNarrowing(associate, 'kept');
    for (const [type, clause] of Object.entries(narrowing))
      for (const keeper of ['', ...ORGANIZATIONS] as const) {
        const isLeft = matches(clause, { ref: `${type}/1`, type, values: [], keeper });
        expect([type, keeper, isLeft]).toEqual([type, keeper, keeper !== 'Organization/b']);
        expect(isOpenTo(associate, type, keeper)).toBe(isLeft);
      }
  });

  test('is left of Contracts by who is a party, too: that opens an agreement', () => {
    const clause = agreementNarrowing(associate, 'kept')['Contract'] ?? { kind: 'all', of: [] };
    const parties = fc.record({
      authority: fc.constantFrom(...ORGANIZATIONS),
      subject: fc.constantFrom<Ref>('Patient/p', ...ORGANIZATIONS),
      keeper: fc.constantFrom<Ref | ''>('', ...ORGANIZATIONS),
    });
    fc.assert(
      fc.property(parties, ({ authority, subject, keeper }) => {
        const contract = {
          resourceType: 'Contract',
          authority: [{ reference: authority }],
          subject: [{ reference: subject }],
        } as unknown as Resource; // with its parties
        const values = searchValues(contract, 'Contract');
        const isLeft = keeper !== 'Organization/b' || authority === V || subject === V;
        expect(matches(clause, { ref: 'Contract/1', type: 'Contract', values, keeper })).toBe(isLeft);
        expect(isOpenTo(associate, 'Contract', keeper, contract)).toBe(isLeft);
      }),
    );
  });

  test('has the same clause for the same agreements, whatever their order', () => {
    const both = (...open: readonly Ref[]) =>
      agreementNarrowing({ organization: V, open: new Set(open) }, 'all');
    expect(both('Organization/a', 'Organization/b')).toBe(both('Organization/b', 'Organization/a'));
    expect(both('Organization/a')).not.toBe(both('Organization/b'));
  });
});

describe('(baa-messaging MK3) what is searched in messages', () => {
  const words: Clause = { kind: 'text', within: 'content', words: ['zoster'], starts: false };
  const shownWhole = ((): Clause => {
    const asked = askedOfShown(associate, 'Communication', words);
    if (asked.kind !== 'all' || asked.of[1] === undefined) throw new Error('it is asked of what is shown');
    return asked.of[1];
  })();

  test('is what is shown whole, by the search values as by the message itself', () => {
    const party = fc.constantFrom(...ORGANIZATIONS);
    const row = fc.record({ principal: party, associate: party });
    const content = fc.constantFrom('phi', 'administrative', 'agreement', 'notice', 'unknown');
    const message = fc.record({
      contents: fc.array(content, { maxLength: 2 }),
      rows: fc.array(row, { maxLength: 2 }),
      keeper: fc.constantFrom<Ref | ''>('', ...ORGANIZATIONS),
    });
    fc.assert(
      fc.property(message, ({ contents, rows, keeper }) => {
        const resource = messageOf(contents, rows);
        const values = searchValues(resource, 'Communication');
        const isShown = matches(shownWhole, {
          ref: 'Communication/1',
          type: 'Communication',
          values,
          keeper,
        });
        expect(isShown).toBe(!isWithheld(resource, keeper, associate));
      }),
    );
  });

  test('is asked wherever the words stand', () => {
    const shown: Clause = { kind: 'all', of: [words, shownWhole] };
    const asked = (type: string, where: Clause): Clause => askedOfShown(associate, type, where);
    expect(asked('Communication', { kind: 'not', clause: words })).toEqual({ kind: 'not', clause: shown });
    expect(asked('Communication', { kind: 'any', of: [words] })).toEqual({ kind: 'any', of: [shown] });
    expect(asked('Patient', words)).toBe(words);
    const has: Clause = { kind: 'has', type: 'Communication', param: 'subject', where: words };
    expect(asked('Patient', has)).toEqual({ ...has, where: shown });
    const chain: Clause = { kind: 'chain', param: 'part-of', types: ['Communication'], where: words };
    expect(asked('Communication', chain)).toEqual({ ...chain, where: shown });
    const either: Clause = { ...chain, types: ['Task', 'Communication'] };
    expect(asked('Provenance', either)).toEqual({
      kind: 'any',
      of: [
        { ...chain, types: ['Task'], where: words },
        { ...chain, types: ['Communication'], where: shown },
      ],
    });
  });
});

const OURS = 'https://closeloop.dev/fhir';

const messageOf = (
  contents: readonly string[],
  rows: readonly { readonly principal: Ref; readonly associate: Ref }[],
): Resource =>
  ({
    resourceType: 'Communication',
    id: '1',
    status: 'completed',
    recipient: [{ reference: V }],
    payload: [{ contentString: 'Zoster' }],
    category: contents.map((code) => ({
      coding: [{ system: `${OURS}/CodeSystem/message-content`, code }],
    })),
    extension: rows.map((row) => ({
      url: `${OURS}/StructureDefinition/agreement-at-send`,
      extension: Object.entries(row).map(([url, reference]) => ({ url, valueReference: { reference } })),
    })),
  }) as unknown as Resource; // with its categories
