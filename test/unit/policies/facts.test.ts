/** What policies have to know of content, by its labels (compliance D5). */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Coding, Resource } from '../../../src/fhir/types.ts';
import { COUNSELING_LABEL, factsOf, type ContentFacts } from '../../../src/policies/facts.ts';

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONF = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

const act = (code: string): Coding => ({ system: ACT, code });
const labelled = (...security: readonly Coding[]): Resource => ({
  resourceType: 'DocumentReference',
  meta: { security: [...security] },
});

const said = ({ labels, part2, psychotherapy, counseling, selfPay }: ContentFacts): string =>
  [
    [...labels].join('+'),
    part2 && 'part2',
    psychotherapy && 'psychotherapy',
    counseling && 'counseling',
    selfPay && 'selfPay',
  ]
    .filter(Boolean)
    .join(' ');

describe('(compliance D5) content facts', () => {
  test.each<[string, Resource, string]>([
    ['no label', labelled(), ''],
    ['no meta', { resourceType: 'Patient' }, ''],
    ['a sensitivity alone', labelled({ system: CONF, code: 'N' }, act('SUD')), `${CONF}|N+SUD`],
    ['42 CFR Part 2', labelled({ system: CONF, code: 'R' }, act('42CFRPart2')), `${CONF}|R+42CFRPart2 part2`],
    ['a psychotherapy note', labelled(act('PSYTHPN')), 'PSYTHPN psychotherapy'],
    ['HIPAA’s policy for them', labelled(act('HIPAAPsyNotes')), 'HIPAAPsyNotes psychotherapy'],
    [
      'a counseling note is one of Part 2, and no psychotherapy note',
      labelled(act('PSYTHPN'), act('42CFRPart2'), COUNSELING_LABEL),
      'PSYTHPN+42CFRPart2+https://closeloop.dev/fhir/CodeSystem/label|sud-counseling-note part2 counseling',
    ],
    ['paid in full', labelled(act('HIPAASelfPay')), 'HIPAASelfPay selfPay'],
    ['the same code of a stranger', labelled({ system: 'https://example.org/x', code: '42CFRPart2' }), ''],
    [
      'another code of our own system',
      labelled({ ...COUNSELING_LABEL, code: '42CFRPart2' }),
      'https://closeloop.dev/fhir/CodeSystem/label|42CFRPart2',
    ],
  ])('%s', (_name, resource, expected) => {
    expect(said(factsOf(resource))).toBe(expected);
  });

  test('of a Bundle: the union of its own and its members’', () => {
    const label = fc.constantFrom('SUD', 'MH', '42CFRPart2', 'PSYTHPN', 'HIPAASelfPay', 'HIV');
    const member = fc.array(label, { maxLength: 3 }).map((codes) => labelled(...codes.map(act)));
    fc.assert(
      fc.property(fc.array(member, { maxLength: 4 }), fc.array(label, { maxLength: 2 }), (members, own) => {
        const bundle: Resource = {
          resourceType: 'Bundle',
          meta: { security: own.map(act) },
          entry: [...members.map((resource) => ({ resource })), {}],
        };
        const all = new Set([...own, ...members.flatMap((one) => [...factsOf(one).labels])]);
        const { labels, part2, psychotherapy, selfPay } = factsOf(bundle);
        expect(labels).toStrictEqual(all);
        expect([part2, psychotherapy, selfPay]).toStrictEqual(
          ['42CFRPart2', 'PSYTHPN', 'HIPAASelfPay'].map((code) => all.has(code)),
        );
      }),
    );
  });
});
