/** A stored version as delivery looks at it: what it is found by, whom it concerns, and what of it may be shown. */
import { parseJson } from '../fhir/json.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import {
  obligationsBy,
  POLICIES,
  REFERRAL_PURPOSE,
  type Obligation,
  type Policy,
} from '../policies/index.ts';
import { factsOf } from '../policies/facts.ts';
import { labelsInText } from '../policies/labels/stored-labels.ts';
import { mayBeMasked, showToRoles } from '../identity/role-view.ts';
import { lookingAssociate, showToAssociate } from './agreement-sight.ts';
import { withNotice, withWayLabels } from '../policies/part2/in-resource.ts';
import { BARE_NOTICE, isPart2 } from '../policies/part2/notice.ts';
import { showBy } from '../policies/payload/shown.ts';
import { standingOf } from '../resources/parties/standing.ts';
import type { Sight } from '../ports/query.ts';
import type { NoticeToShow, PresentVersion } from '../ports/rail.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { storedFileOf, textWithoutFile } from '../ports/stored-file.ts';
import { PATIENT_PARAM } from '../resources/compartment.ts';
import { typeOf } from '../resources/element.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { matches } from '../resources/match.ts';
import { searchValues } from '../resources/search-values.ts';
import type { Criteria } from '../resources/subscription-rules.ts';

/**
 * Which criteria select a resource: they look at nothing but the resource itself, so its values are taken once for all of
 * them. `at`: its commit, in milliseconds.
 */
export function selectorOf(ref: Ref, resource: Resource, at: number): (criteria: Criteria) => boolean {
  const type = typeOf(ref);
  const values = searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment);
  const subject = { ref, type, values, updated: at };
  return (criteria) => criteria.type === type && matches(criteria.where, subject);
}

/** Nobody changes a stored tree: the gates and the audit of a delivery ask about the same one. */
const patientsKnown = new WeakMap<Resource, readonly Ref[]>();

/** The patients in whose compartments a stored resource is. */
export function compartmentPatientsIn(ref: Ref, resource: Resource): readonly Ref[] {
  const known = patientsKnown.get(resource);
  if (known !== undefined) return known;
  const type = typeOf(ref);
  const patients = searchValues(resource, type, RESOURCE_TYPES.get(type)?.patientCompartment)
    .filter(({ param }) => param === PATIENT_PARAM)
    .map(({ low }) => low as Ref); // values of this parameter are references
  patientsKnown.set(resource, patients);
  return patients;
}

/** Without the quotation marks, which are everywhere in JSON. */
const CODE = '42CFRPart2';
/** Characters from which on a text is not looked through. */
const LONG = 65_536;

/** Whether a stored text is content of 42 CFR Part 2. A Bundle says of its members no more than how confidential they are. */
export function bearsPart2(type: string, text: string): boolean {
  // Most texts do not hold the code anywhere, which is found out sooner than where their labels end.
  if (text.length < LONG && !text.includes(CODE)) return false;
  if (type !== 'Bundle') return labelsInText(text).some(isPart2);
  return text.includes(CODE) && factsOf(parseStored(text)).part2;
}

/**
 * Shows stored texts: as they are stored, unless the type has something to hide from a sight, or a policy obliges the server
 * to add something. Numbers keep their literals all the same. A Binary is shown without the bytes that are in a file, and says
 * so; who shows it with them puts them in before.
 */
export function createPresent(policies: readonly Policy[] = POLICIES): PresentVersion {
  const obligationsOf = obligationsBy(policies);
  return ({ ref, text: stored, custodian, notice }, sight) => {
    if (stored === undefined) throw new Error(`${ref} is deleted: there is nothing to show`);
    const text = storedFileOf(stored) === undefined ? stored : textWithoutFile(stored);
    const declared = RESOURCE_TYPES.get(typeOf(ref));
    const isTold = !sight.everything && custodian !== '' && custodian !== sight.organization;
    const obliges = isTold ? obligationsOf : undefined;
    const owed =
      notice ?? (isTold && custodian !== undefined && bearsPart2(typeOf(ref), text) ? BARE : 'none');
    const payload = isTold && !sight.everything ? sight.payload : undefined;
    const view = sight.everything ? undefined : sight.view;
    const isMasked = view !== undefined && mayBeMasked(view, typeOf(ref), text);
    const associate = typeOf(ref) === 'Communication' ? lookingAssociate(sight) : undefined;
    const isWhole =
      obliges === undefined &&
      owed === 'none' &&
      payload === undefined &&
      !isMasked &&
      associate === undefined;
    if (declared?.show === undefined && isWhole) return text;
    const { plain, storing } = parseJson(text);
    const own =
      sight.everything ||
      declared?.belongsTo?.(plain, ref) === sight.organization ||
      isKept(plain, custodian, sight);
    const whole = declared?.show?.(storing, own) ?? storing;
    // A reply to a write names no custodian.
    const told = payload === undefined ? whole : showBy(payload, whole, custodian === undefined);
    const part =
      associate === undefined ? told : showToAssociate(associate, told, keeperIn(custodian, associate));
    const shown = noticed(isMasked ? showToRoles(view, part) : part, owed);
    if (obliges === undefined || sight.everything) return shown === storing ? text : JSON.stringify(shown);
    const what = { type: typeOf(ref), ref };
    const about = {
      what,
      from: custodian || undefined,
      to: sight.organization,
      purpose: REFERRAL_PURPOSE,
      content: plain,
    };
    return JSON.stringify(withLabels(shown, obliges(about)));
  };
}

/** What an organization keeps about others is its own; a reply to a write, which names no custodian, goes to who keeps it. */
const isKept = (resource: Resource, custodian: Ref | '' | undefined, sight: Sight): boolean =>
  !sight.everything &&
  (custodian === undefined || custodian === sight.organization) &&
  standingOf(resource) === 'private';

/** A reply to a write, which names no custodian, goes to who keeps it. */
const keeperIn = (
  custodian: Ref | '' | undefined,
  { organization }: { readonly organization: Ref },
): Ref | '' => custodian ?? organization;

const BARE: NoticeToShow = { ...BARE_NOTICE, place: 'inside' };

function noticed(resource: Resource, notice: NoticeToShow): Resource {
  if (notice === 'none') return resource;
  return notice.place === 'inside' ? withNotice(resource, notice) : withWayLabels(resource, notice);
}

function withLabels(resource: Resource, obligations: readonly Obligation[]): Resource {
  if (obligations.length === 0) return resource;
  const { security = [], ...meta } = resource.meta ?? {};
  return {
    ...resource,
    meta: { ...meta, security: [...security, ...obligations.map(({ label }) => label)] },
  };
}

/** Shows stored texts by the policies of this server. */
export const present: PresentVersion = createPresent();
