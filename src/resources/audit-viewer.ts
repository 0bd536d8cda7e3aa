/** Who looks at an audit row, and what of it that viewer may see (rules 2.8, compliance V2). */
import type { CodeableConcept, Coding, Ref } from '../fhir/types.ts';
import type { AuditEntry } from '../ports/store.ts';
import { typeOf } from './element.ts';

/** The viewer of the event. */
export interface AuditViewer {
  readonly organization: Ref | undefined;
  readonly everything: boolean;
  /** The resources of the row that the viewer may know of; absent: all of them. */
  readonly knows?: (ref: Ref) => boolean;
  /** Those that the viewer keeps; absent: all of them. */
  readonly keeps?: (ref: Ref) => boolean;
}

/** This server as the event names it: the observer. */
export interface AuditSource {
  readonly name: string;
  /** The public base URL. */
  readonly base?: string;
}

/** What a viewer may see of a row. */
export interface AuditSeeing extends AuditViewer {
  /** The row is its own organization's. */
  readonly own: boolean;
  /** The row is about what its own organization told. */
  readonly discloses: boolean;
}

export function auditSeeing({ agent, delivery, viewers }: AuditEntry, viewer: AuditViewer): AuditSeeing {
  const { organization, everything } = viewer;
  const is = (party: Ref | '' | undefined): boolean =>
    everything || (organization !== undefined && organization === party);
  const own = is(agent.organization);
  // What the server did of itself, and one organization alone may see.
  const isAlone = agent.organization === '' && viewers.length === 1 && is(viewers[0]);
  return { ...viewer, own, discloses: own || isAlone || is(delivery?.from) };
}

/** Whether a Consent is among what decided. */
export const decidedByConsent = ({ deciding = [] }: AuditEntry): boolean =>
  deciding.some((reference) => typeOf(reference) === 'Consent');

export const codedAs = (coding: Coding): CodeableConcept => ({ coding: [coding] });

/** This server as an agent of an event, and as its observer. */
export const observerOf = ({ name }: AuditSource) => ({
  type: 'Device',
  identifier: { value: name },
  display: name,
});
