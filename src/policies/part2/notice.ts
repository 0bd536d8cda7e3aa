/**
 * The notice that goes with content of 42 CFR Part 2 that is told under a consent: which disclosures owe one (compliance P14,
 * P15), and which labels the content bears on its way (P30).
 */
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import type { ConsentKind } from '../consent/kinds.ts';
import { ACT_CODE } from '../labels/confidentiality.ts';
import { isSameLabel } from '../labels/lowered.ts';
import type { PartyKind } from '../party-kind.ts';
import { isWithin, type Purpose } from '../purpose.ts';
import { STATEMENT_1 } from './statements.ts';

/** What goes with the content beside Statement 1. */
export interface Notice {
  /** The explanation of the consent's scope; undefined where no consent is known that permits it. */
  readonly scope: string | undefined;
  /** The Consent that permits it. */
  readonly source?: Ref;
  /** The same, where the recipient may read it. */
  readonly consent: Ref | undefined;
  /** Its text, as the recipient may see it. */
  readonly copy: Resource | undefined;
  /** The recipient may not pass it on under HIPAA, so that the label says it (P11). */
  readonly refrains: boolean;
}

/** The notice where nothing is known of a consent: the statement alone. */
export const BARE_NOTICE: Notice = { scope: undefined, consent: undefined, copy: undefined, refrains: false };

/** The statement, and the scope of the consent where it is known. */
export const noticeTexts = ({ scope }: Notice): readonly string[] =>
  scope === undefined ? [STATEMENT_1] : [STATEMENT_1, scope];

/** The same as one text. */
export const noticeWords = (notice: Notice): string => noticeTexts(notice).join('\n\n');

const PART_2: Coding = { system: ACT_CODE, code: '42CFRPart2' };

export const isPart2 = (label: Coding): boolean => isSameLabel(label, PART_2);

/** What decides whether content of Part 2 that leaves its keeper owes the notice. */
interface Leaving {
  readonly sameEntity: boolean;
  readonly recipientKinds: ReadonlySet<PartyKind>;
  readonly purpose: Purpose;
  /** A consent is known that permits it. */
  readonly isConsented: boolean;
}

/**
 * Only disclosures that a consent permits owe it: none to the patient (2.23), within a program (2.12(c)(3)), to who serves it
 * (2.12(c)(4)), or in an emergency, which has a statement of its own (2.51). Where no consent is known, it goes all the same.
 */
export const owesNotice = ({ sameEntity, recipientKinds, purpose, isConsented }: Leaving): boolean =>
  !sameEntity &&
  !WITHOUT.some((one) => isWithin(purpose, one)) &&
  (isConsented || !recipientKinds.has('business-associate'));

const WITHOUT: readonly Purpose[] = ['PATRQT', 'ETREAT'];

/**
 * Covered entities of 45 CFR 160.103, as far as the kind of a party says it, and those who act for them. A program of an
 * administrator's word is a provider, too; one of its own word alone is none of these by that.
 */
const UNDER_HIPAA: readonly PartyKind[] = ['provider', 'health-plan', 'business-associate'];

/**
 * Whether the recipient is bound not to redisclose: it is no covered entity or business associate, or the consent is not the
 * one for all treatment, payment and operations (42 CFR 2.33(b)).
 */
export const mustRefrain = (
  recipientKinds: ReadonlySet<PartyKind>,
  consentKind: ConsentKind | undefined,
): boolean =>
  !UNDER_HIPAA.some((kind) => recipientKinds.has(kind)) ||
  (consentKind !== undefined && consentKind !== 'part2-tpo');

const PERSIST: Coding = { system: ACT_CODE, code: 'PERSISTLABEL' };
const NO_REDISCLOSURE: Coding = { system: ACT_CODE, code: 'NORDSCLCD' };

/** The labels of content of Part 2 on its way: those it has, that they be kept, and that it be not passed on where that is due. */
export const labelsOnTheWay = (labels: readonly Coding[], { refrains }: Notice): readonly Coding[] => [
  ...labels,
  ...[PERSIST, ...(refrains ? [NO_REDISCLOSURE] : [])].filter(
    (label) => !labels.some((own) => isSameLabel(own, label)),
  ),
];

/** Whether a label is one that the server adds on the way, and that nobody stored. */
export const isOfTheWay = (label: Coding): boolean =>
  isSameLabel(label, PERSIST) || isSameLabel(label, NO_REDISCLOSURE);
