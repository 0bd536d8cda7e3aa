/**
 * Which steps a draft needs: pure functions over what it writes, asked before each step, because a step may plan more. A
 * step without a reason to run is not run.
 */
import { relativeTo } from '../../fhir/reference.ts';
import { referencesOf } from '../../fhir/references-of.ts';
import { isSame } from '../../fhir/same.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Event } from '../../referral/transitions.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { verifiesAddress } from '../../resources/parties/direct-addresses.ts';
import { PARTY_TYPES } from '../../resources/parties/standing.ts';
import { requestsOf } from '../../resources/referral-rules/visits.ts';
import { LARGE } from '../heavy.ts';
import { declarationOf, type Draft, type Planned } from './draft.ts';
import { MARKED, marksOf } from './marks.ts';
import { NOTE_TYPES } from './note-files.ts';
import type { FullUrls } from './references.ts';

export type StepCondition = (draft: Draft, fullUrls: FullUrls) => boolean;

/** The draft writes one of these types. */
export const writes =
  (types: ReadonlySet<string>): StepCondition =>
  ({ planned }) => {
    for (const ref of planned.keys()) if (types.has(typeOf(ref))) return true;
    return false;
  };

/** The caller is an administrator who acts for nobody. */
export const byAdministrator: StepCondition = ({ caller }) =>
  caller.administrator && caller.organization === undefined;

/** The caller's scopes are narrowed, or its roles may limit what it writes. */
export const isNarrowedWrite: StepCondition = ({ caller }) =>
  caller.roles !== undefined ||
  (!caller.administrator && caller.scopes.some(({ query }) => query !== undefined));

/** The draft deletes a resource. */
export const deletes: StepCondition = ({ planned }) => {
  for (const { after } of planned.values()) if (after === undefined) return true;
  return false;
};

/** The draft writes a file; the archive of a message, which the server makes, is none. */
export const bringsFile: StepCondition = ({ planned }) => {
  for (const { ref, before, origin } of planned.values())
    if (typeOf(ref) === 'DocumentReference' && (origin === 'client' || before !== undefined)) return true;
  return false;
};

/**
 * A change that may make a withheld message whole: of a party, of who vouches for its address, of an order, a patient or a
 * file, or of a visit or a file about an order that was here before. Nothing waits for an order that the same draft creates.
 */
export const mends: StepCondition = ({ planned, records }) => {
  if (records.some(verifiesAddress)) return true;
  const wasHere = (order: Ref): boolean => {
    const own = planned.get(order);
    return own?.method !== 'POST' || own.base !== 0;
  };
  for (const { ref, before, after } of planned.values()) {
    if (after === undefined) continue;
    const type = typeOf(ref);
    if (before !== undefined && MENDING.has(type)) return true;
    if (type === 'Appointment' && requestsOf(after.plain).some(wasHere)) return true;
    const related = type === 'DocumentReference' ? valuesAt(after.plain, 'context.related') : [];
    if (related.flatMap((one) => localRef(one) ?? []).some(wasHere)) return true;
  }
  return false;
};

/** Types of which a change may make a message whole. */
const MENDING: ReadonlySet<string> = new Set([...PARTY_TYPES, ...NOTE_TYPES, 'Patient', 'ServiceRequest']);

/** It moves a referral, or writes a message. */
export const tells: StepCondition = (draft) => {
  if (draft.moves.length > 0) return true;
  for (const ref of draft.planned.keys()) if (typeOf(ref) === 'Communication') return true;
  return false;
};

/** The settings name who operates the server. */
export const isOperated: StepCondition = ({ context }) => context.settings.operatorOrganization !== undefined;

export const moves: StepCondition = (draft) => draft.moves.length > 0;

/** A referral is sent to its recipient. */
export const sends: StepCondition = (draft) => draft.moves.some(({ event }) => event === SENT);

const SENT = 'send-referral-package' satisfies Event;

/** A version that its client wrote, with the version before. */
interface ClientWrite extends Planned {
  readonly after: NonNullable<Planned['after']>;
}

function someWrite(draft: Draft, holds: (write: ClientWrite) => boolean): boolean {
  for (const planned of draft.planned.values())
    if (planned.origin === 'client' && planned.after !== undefined && holds(planned as ClientWrite))
      return true; // by its after
  return false;
}

/**
 * A reference that the version before does not have, or that is to be rewritten. References of a large resource are looked
 * for in turns of the event loop, by the step itself.
 */
export const refersAnew: StepCondition = (draft, fullUrls) =>
  fullUrls.size > 0 ||
  someWrite(draft, ({ before, after }) => {
    if (before === undefined || (after.size ?? 0) >= LARGE) return true;
    const { publicBase } = draft.context.settings;
    const stood = new Set(referencesOf(before).map(({ text }) => text));
    return referencesOf(after.plain).some(
      ({ text }) => !stood.has(text) || text.includes('?') || relativeTo(publicBase, text) !== text,
    );
  });

/** An element is missing that the declaration of its type takes from elsewhere. */
export const isIncomplete: StepCondition = (draft) =>
  someWrite(draft, ({ ref, after }) =>
    (declarationOf(ref).completed?.elements ?? []).some((element) => after.plain[element] === undefined),
  );

/** A Task with outputs. */
export const hasOutputs: StepCondition = (draft) =>
  someWrite(draft, ({ after }) => after.plain.resourceType === 'Task' && after.plain['output'] !== undefined);

/** Whom a resource is about, by the names that R4 has for it. */
export const SUBJECTS = ['subject', 'patient', 'for', 'beneficiary'];

/**
 * The custodian, or the organization that a resource belongs to, decides who writes one of the resources. It does not where
 * the rules of the type do, as for a referral Task.
 */
export const custodyDecides: StepCondition = (draft) => {
  for (const { ref, origin, before } of draft.planned.values()) {
    const { writtenByParties, belongsTo, discloses } = declarationOf(ref);
    const isRuled = before !== undefined && writtenByParties?.(before) === true;
    if (origin === 'client' && !(isRuled && belongsTo === undefined && discloses === undefined)) return true;
  }
  return false;
};

/** A subject that the version before does not have. */
export const namesSubject: StepCondition = (draft) =>
  someWrite(draft, ({ before, after }) =>
    SUBJECTS.some((element) => {
      const value = after.plain[element];
      return value !== undefined && JSON.stringify(value) !== JSON.stringify(before?.[element]);
    }),
  );

/** A mark of the server, now or in the version before. */
export const bearsMark: StepCondition = (draft) =>
  someWrite(draft, ({ ref, before, after }) =>
    MARKED.some(
      (marked) =>
        marked.type === typeOf(ref) &&
        (marksOf(after.plain, marked).length > 0 || marksOf(before, marked).length > 0),
    ),
  );

/** Some write leaves a resource as it is stored, and nothing has come of the draft beside. */
export const mayChangeNothing: StepCondition = (draft) =>
  draft.context.settings.skipUnchanged &&
  draft.moves.length === 0 &&
  ![...draft.planned.values()].some(({ origin }) => origin === 'server') &&
  someWrite(draft, ({ before, after }) => before !== undefined && isSameContent(before, after.plain));

/** Whether two versions are the same but for what the server sets. */
export const isSameContent = (one: Resource, other: Resource): boolean =>
  isSame(contentOf(one), contentOf(other));

function contentOf({ id: _id, meta = {}, ...elements }: Resource): object {
  const { versionId: _v, lastUpdated: _l, ...kept } = meta;
  return { ...elements, meta: kept };
}
