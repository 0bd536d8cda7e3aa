/** Searching rendered AuditEvents: what matches, what the store can narrow, and what it cannot answer. */
import { describe, expect, test } from '@jest/globals';
import type { Clause, Prefix } from '../../../src/ports/query.ts';
import { renderAuditEvent, type AuditViewer } from '../../../src/resources/audit-event-render.ts';
import { asksOthers, auditMatches, narrowAudit } from '../../../src/resources/audit-search.ts';

const AT = '2026-01-02T03:04:05.678Z';
const CLINIC = 'Organization/clinic';
const HUB = 'Organization/hub';

const render = (viewer: AuditViewer = { organization: undefined, everything: true }) =>
  renderAuditEvent(
    {
      seq: 40,
      position: 2,
      at: AT,
      entry: {
        event: 'read',
        action: 'R',
        outcome: '0',
        agent: {
          organization: CLINIC,
          client: 'ehr',
          subject: 'user-7',
          user: 'Practitioner/p',
          address: '192.0.2.7',
        },
        requestId: 'req-1',
        entities: ['Task/t/_history/12'],
        patients: ['Patient/a'],
        viewers: [HUB],
      },
    },
    viewer,
    { name: 'closeloop', base: 'https://example.org/fhir' },
  );

const ms = Date.parse(AT);
const token = (param: string, code?: string, system?: string): Clause => ({
  kind: 'token',
  param,
  ...(code !== undefined && { code }),
  ...(system !== undefined && { system }),
});
const reference = (param: string, ...to: string[]): Clause => ({ kind: 'reference', param, to });
const date = (prefix: Prefix, low: number, high = low): Clause => ({
  kind: 'range',
  param: 'date',
  prefix,
  low,
  high,
});

describe('searching', () => {
  test.each<[Clause, boolean]>([
    [{ kind: 'id', ids: ['40-2'] }, true],
    [{ kind: 'id', ids: ['40-1'] }, false],
    [date('eq', ms - 5, ms + 5), true],
    [date('eq', ms + 1, ms + 5), false],
    [date('ne', ms - 5, ms + 5), false],
    [date('gt', ms - 1), true],
    [date('gt', ms), false],
    [date('ge', ms), true],
    [date('lt', ms + 1), true],
    [date('lt', ms), false],
    [date('le', ms), true],
    [date('sa', ms - 9, ms - 1), true],
    [date('eb', ms - 9, ms - 1), false],
    [date('ap', ms - 9, ms + 9), true],
    [{ kind: 'updated', prefix: 'ge', low: ms, high: ms }, true],
    [{ kind: 'updated', prefix: 'gt', low: ms, high: ms }, false],
    [token('action', 'R'), true],
    [token('action', 'R', 'http://hl7.org/fhir/audit-event-action'), true],
    [token('action', 'C'), false],
    [token('outcome', '0'), true],
    [token('outcome', '4'), false],
    [token('type', 'rest'), true],
    [token('type', 'rest', 'http://terminology.hl7.org/CodeSystem/audit-event-type'), true],
    [token('type', 'rest', 'urn:other'), false],
    [token('subtype', 'read'), true],
    [token('subtype', undefined, 'http://hl7.org/fhir/restful-interaction'), true],
    [token('subtype', 'vread'), false],
    [token('entity-role', '4'), true],
    [token('entity-type', '24'), false],
    [reference('entity', 'Task/t'), true],
    [reference('entity', 'Task/x', 'Task/t'), true],
    [reference('entity', 'Task/x'), false],
    [reference('patient', 'Patient/a'), true],
    [reference('patient', 'Patient/b'), false],
    [reference('agent', CLINIC), true],
    [reference('agent', 'Practitioner/p'), true],
    [reference('agent', HUB), false],
    [token('agent:identifier', 'ehr'), true],
    [token('source:identifier', 'closeloop'), true],
    [token('entity:identifier', 'req-1'), true],
    [{ kind: 'string', param: 'address', match: 'starts', value: '192.' }, true],
    [{ kind: 'string', param: 'address', match: 'exact', value: '192.' }, false],
    [{ kind: 'string', param: 'address', match: 'contains', value: '0.2' }, true],
    [{ kind: 'missing', param: 'patient', missing: true }, false],
    [{ kind: 'missing', param: 'policy', missing: true }, true],
    [{ kind: 'uri', param: 'policy', match: 'exact', value: 'urn:a' }, false],
    [{ kind: 'not', clause: token('action', 'R') }, false],
    [{ kind: 'any', of: [token('action', 'C'), token('action', 'R')] }, true],
    [{ kind: 'any', of: [] }, false],
    [{ kind: 'all', of: [token('action', 'R'), reference('patient', 'Patient/a')] }, true],
    [{ kind: 'all', of: [token('action', 'R'), reference('patient', 'Patient/b')] }, false],
    [{ kind: 'all', of: [] }, true],
  ])('%j: %s', (clause, expected) => {
    expect(auditMatches(render(), clause)).toBe(expected);
  });

  test('what a viewer is not shown cannot be searched for', () => {
    const peer = render({ organization: HUB, everything: false });
    expect(auditMatches(peer, reference('agent', 'Practitioner/p'))).toBe(false);
    expect(auditMatches(peer, reference('agent', CLINIC))).toBe(true);
  });

  test.each<[Clause, ReturnType<typeof narrowAudit>]>([
    [reference('patient', 'Patient/a'), { names: ['Patient/a'] }],
    [
      { kind: 'all', of: [reference('entity', 'Task/t'), reference('patient', 'Patient/a')] },
      { names: ['Task/t', 'Patient/a'] },
    ],
    [reference('entity', 'Task/t', 'Task/u'), { names: [] }],
    [reference('entity', 'https://other.example/Task/t'), { names: [] }],
    [{ kind: 'not', clause: reference('entity', 'Task/t') }, { names: [] }],
    [reference('agent', CLINIC), { names: [], organization: CLINIC }],
    [reference('agent', 'Practitioner/p'), { names: [] }],
    [
      { kind: 'all', of: [date('ge', 10, 19), date('lt', 30, 39), date('ge', 5, 9)] },
      { names: [], from: 10, to: 39 },
    ],
    [
      { kind: 'updated', prefix: 'eq', low: 10, high: 19 },
      { names: [], from: 10, to: 19 },
    ],
    [date('ne', 10, 19), { names: [] }],
    [{ kind: 'any', of: [date('ge', 10), reference('entity', 'Task/t')] }, { names: [] }],
  ])('the store narrows %j', (clause, expected) => {
    expect(narrowAudit(clause)).toEqual(expected);
  });

  test('a clause about other resources is known as such, and not answered', () => {
    const chain: Clause = {
      kind: 'chain',
      param: 'entity',
      types: ['Task'],
      where: token('status', 'accepted'),
    };
    expect(asksOthers({ kind: 'all', of: [{ kind: 'not', clause: chain }] })).toBe(true);
    expect(asksOthers({ kind: 'any', of: [token('action', 'R')] })).toBe(false);
    expect(() => auditMatches(render(), chain)).toThrow('a chain clause looks at other resources');
  });
});
