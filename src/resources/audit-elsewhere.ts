/** What an AuditEvent says of a disclosure that was made outside this server (compliance B35). Its own side alone sees it. */
import type { AuditEvent, AuditEventAgent, AuditEventEntity } from '../fhir/types.ts';
import { isElsewhereBasis, rowOfBasis } from '../policies/elsewhere.ts';
import type { AuditEntry } from '../ports/store.ts';
import { DESTINATION, ENTITY_TYPE, OBJECT_ROLE } from './audit-patterns.ts';

type Row = Pick<AuditEntry, 'elsewhere'>;

/** When it was disclosed; `recorded` is when it was entered. */
export const periodElsewhere = ({ elsewhere }: Row): Pick<AuditEvent, 'period'> =>
  elsewhere === undefined ? {} : { period: { start: elsewhere.at, end: elsewhere.at } };

/** Who was told, and who told it on the custodian's behalf. */
export function agentsElsewhere({ elsewhere }: Row): readonly Omit<AuditEventAgent, 'requestor'>[] {
  if (elsewhere === undefined) return [];
  const { recipient, by } = elsewhere;
  return [
    { type: { coding: [DESTINATION] }, who: { display: recipient } },
    ...(by === undefined ? [] : [{ role: [{ text: 'made the disclosure' }], who: { reference: by } }]),
  ];
}

export function entitiesElsewhere({ elsewhere }: Row): readonly AuditEventEntity[] {
  if (elsewhere === undefined) return [];
  const { at: _at, by: _by, what, ...details } = elsewhere;
  return [
    {
      what: { display: what },
      type: { system: ENTITY_TYPE, code: '4', display: 'Other' },
      role: { system: OBJECT_ROLE, code: '3', display: 'Report' },
      detail: Object.entries(details).map(([type, valueString]) => ({ type, valueString })),
    },
  ];
}

/** The section of the law that a basis stands in, offered here or not. */
export function sectionElsewhere({ elsewhere }: Row): string | undefined {
  const basis = elsewhere?.basis;
  return isElsewhereBasis(basis) ? rowOfBasis(basis).section : undefined;
}
