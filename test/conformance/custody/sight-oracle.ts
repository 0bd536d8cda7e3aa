/**
 * Who sees what, worked out the plain way (rules 2.1, 2.2): the custodian is whoever made it; a referral reaches along the
 * declared paths of the resources as they are now. Shares nothing with the server but the declarations of the types.
 */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import type { Store } from '../../../src/ports/store.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { BASE, type Stored } from '../../world.ts';

/** One version as the store holds it, in the order of writing. */
export interface Version {
  readonly ref: Ref;
  readonly seq: number;
  /** Undefined: deleted. */
  readonly json: Stored | undefined;
}

/** More than one request of these tests writes. */
const WRITTEN_MAX = 40;

/** All that one referral brings into the sight of one of its parties. */
interface Reached {
  readonly root: Ref;
  readonly org: Ref;
  readonly refs: ReadonlySet<Ref>;
}

/** What somebody asks of the oracle beside denials: a resource that a referral would show to an organization. */
export interface Guarded {
  readonly org: Ref;
  readonly from: Ref;
  readonly ref: Ref;
  /** Its newest version that was not deleted. */
  readonly last: Stored;
  readonly patients: readonly Ref[];
  readonly oracle: SightOracle;
}

/** A reason beside denials to withhold something: so that nobody is told that it exists, or so that one is. */
export type OracleGuard = (guarded: Guarded) => 'quiet' | 'told' | undefined;

export const typeOf = (ref: string): string => ref.slice(0, ref.indexOf('/'));
const isDirectory = (ref: Ref): boolean => RESOURCE_TYPES.get(typeOf(ref))?.directory === true;

/** What was written so far, and who may see it. */
export class SightOracle {
  readonly #store: Store;
  readonly #guards: readonly OracleGuard[];
  readonly #versions: Version[] = [];
  readonly #newest = new Map<Ref, Version>();
  readonly #custodians = new Map<Ref, Ref | undefined>();
  /** Whoever saw a resource leave its referral by being deleted goes on seeing that it was: `Organization/a Patient/1`. */
  readonly #sawGo = new Set<string>();
  /** Versions that an organization wrote of what another keeps, by a request of its own for just that: `Organization/a Task/1 7`. */
  readonly #received = new Set<string>();
  #referrals: readonly Reached[] = [];
  /** The same when what is withheld quietly carries nothing on. */
  #known: readonly Reached[] = [];
  /** The same when what is withheld carries nothing on. */
  #open: readonly Reached[] = [];

  /** The types that a referral shows to an organization because of what it is; undefined: every type. */
  readonly #typesFor: (oracle: SightOracle, org: Ref) => readonly string[] | undefined;

  constructor(
    store: Store,
    guards: readonly OracleGuard[] = [],
    typesFor: (oracle: SightOracle, org: Ref) => readonly string[] | undefined = () => undefined,
  ) {
    this.#store = store;
    this.#guards = guards;
    this.#typesFor = typesFor;
  }

  /** Whether nothing of this type is shown to the organization, unless it keeps it. */
  leavesOut(org: Ref, ref: Ref): boolean {
    if (isDirectory(ref) || this.#custodians.get(ref) === org) return false;
    return this.#typesFor(this, org)?.includes(typeOf(ref)) === false;
  }

  /** Every version, oldest first. */
  get versions(): readonly Version[] {
    return this.#versions;
  }

  /** Every resource that ever was. */
  get refs(): readonly Ref[] {
    return [...this.#newest.keys()];
  }

  get live(): readonly Stored[] {
    return [...this.#newest.values()].flatMap(({ json }) => json ?? []);
  }

  newest(ref: Ref): Version | undefined {
    return this.#newest.get(ref);
  }

  custodianOf(ref: Ref): Ref | undefined {
    return this.#custodians.get(ref);
  }

  /** Takes in what one request of `caller` wrote; gives the new versions. `url`: what it asked to write. */
  async observe({ organization }: Pick<Caller, 'organization'>, url = ''): Promise<readonly Version[]> {
    const written = await this.#readNew();
    const gone = new Set<Ref>();
    for (const version of written) {
      const { ref, json } = version;
      if (!this.#custodians.has(ref)) this.#custodians.set(ref, ownerOfItem(json) ?? organization);
      this.#newest.set(ref, version);
      this.#versions.push(version);
      if (json === undefined) gone.add(ref);
      if (ref === url) this.#received.add(`${organization} ${ref} ${version.seq}`);
      for (const key of this.#sawGo) if (key.endsWith(` ${ref}`)) this.#sawGo.delete(key);
    }
    const before = this.#referrals;
    this.#referrals = this.#reach(() => false);
    this.#known = this.#reach((org, ref) => this.#withheld(org, ref) === 'quiet');
    this.#open = this.#reach((org, ref) => this.#withheld(org, ref) !== undefined);
    for (const { root, org, refs } of before) {
      const now = this.#referrals.find((one) => one.root === root && one.org === org);
      for (const ref of gone)
        if (refs.has(ref) && now?.refs.has(ref) !== true) this.#sawGo.add(`${org} ${ref}`);
    }
    return written;
  }

  /** Whether the resource is within the organization's sight, or was until it was deleted. */
  sees(org: Ref, ref: Ref): boolean {
    if (!this.#newest.has(ref)) return false;
    if (isDirectory(ref) || this.#custodians.get(ref) === org) return true;
    if (this.leavesOut(org, ref)) return false;
    if (this.#open.some((one) => one.org === org && one.refs.has(ref))) return true;
    const newest = this.#newest.get(ref);
    if (!this.reaches(org, ref)) return false;
    if (this.#received.has(`${org} ${ref} ${newest?.seq}`)) return true;
    return newest?.json === undefined && !this.#isInReach(org, ref) && !this.#isWithheld(org, ref);
  }

  /** Whether a referral of the organization reaches it, withheld or not, or did until it was deleted. */
  reaches(org: Ref, ref: Ref): boolean {
    if (this.leavesOut(org, ref)) return false;
    return this.#isInReach(org, ref) || this.#sawItGo(org, ref);
  }

  /** The same, of what the organization may be told that it exists. */
  tellsOf(org: Ref, ref: Ref): boolean {
    return !this.leavesOut(org, ref) && this.#isKnown(org, ref);
  }

  /** The same of one version, where it is asked for. */
  tellsOfVersion(org: Ref, { ref }: Version): boolean {
    return this.tellsOf(org, ref);
  }

  #isKnown(org: Ref, ref: Ref): boolean {
    if (this.#known.some((one) => one.org === org && one.refs.has(ref))) return true;
    return this.#sawItGo(org, ref) && this.#withheld(org, ref) !== 'quiet';
  }

  #sawItGo(org: Ref, ref: Ref): boolean {
    return this.#newest.get(ref)?.json === undefined && this.#sawGo.has(`${org} ${ref}`);
  }

  /** Whether a referral that shows something about the patient does not show it, and the organization may be told so. */
  withholdsOf(org: Ref, patient: Ref): boolean {
    return this.live.some((one) => {
      const ref: Ref = `${one.resourceType}/${one.id}`;
      if (!patientsOf(one).includes(patient) || this.#custodians.get(ref) === org) return false;
      const shows = (referrals: readonly Reached[], root: Ref): boolean =>
        referrals.some((reached) => reached.org === org && reached.root === root && reached.refs.has(ref));
      return this.#known.some(({ root }) => shows(this.#known, root) && !shows(this.#open, root));
    });
  }

  /** Whether the organization may see this version: all of what it sees openly, and else what it received. */
  seesVersion(org: Ref, { ref, seq }: Version): boolean {
    const newest = this.#newest.get(ref);
    const withheld =
      this.reaches(org, ref) && this.#custodians.get(ref) !== org && !this.#seesOpenly(org, ref);
    if (withheld) return this.#received.has(`${org} ${ref} ${seq}`);
    return newest !== undefined && this.sees(org, ref);
  }

  /** The newest version that the organization received of what is withheld from it. */
  received(org: Ref, ref: Ref): Version | undefined {
    return this.#versions.findLast(
      (one) => one.ref === ref && one.json !== undefined && this.#received.has(`${org} ${ref} ${one.seq}`),
    );
  }

  #seesOpenly(org: Ref, ref: Ref): boolean {
    if (isDirectory(ref) || this.#open.some((one) => one.org === org && one.refs.has(ref))) return true;
    return (
      this.#newest.get(ref)?.json === undefined && !this.#isInReach(org, ref) && !this.#isWithheld(org, ref)
    );
  }

  /** Live resources that the organization sees: the world from which everything invisible was removed. */
  worldOf(org: Ref): readonly Stored[] {
    return [...this.#newest.values()].flatMap(({ ref, json }) =>
      json !== undefined && this.sees(org, ref) ? [json] : [],
    );
  }

  async #readNew(): Promise<readonly Version[]> {
    const known = this.#versions.at(-1)?.seq ?? 0;
    const page = await this.#store
      .snapshot()
      .history({ sight: { everything: true }, count: WRITTEN_MAX, offset: 0, total: false });
    return page.versions
      .filter(({ seq }) => seq > known)
      .map(({ ref, seq, text }) => ({
        ref,
        seq,
        json: text === undefined ? undefined : (JSON.parse(text) as Stored), // stored texts are resources
      }))
      .toReversed();
  }

  #isWithheld(org: Ref, ref: Ref): boolean {
    return this.#withheld(org, ref) !== undefined;
  }

  /** Whether something withholds it from the organization, and whether that is told. */
  #withheld(org: Ref, ref: Ref): 'quiet' | 'told' | undefined {
    const from = this.#custodians.get(ref);
    const last = this.#versions.findLast((one) => one.ref === ref && one.json !== undefined)?.json;
    const denied = this.#isDenied(org, ref) ? 'told' : undefined;
    if (from === undefined || from === org || last === undefined) return denied;
    const asked = { org, from, ref, last, patients: patientsOf(last), oracle: this };
    const guarded = this.#guards.map((guard) => guard(asked));
    return guarded.find((one) => one === 'quiet') ?? guarded.find((one) => one !== undefined) ?? denied;
  }

  /** Whether a live Consent of its custodian about one of its patients denies it to the organization, worked out anew. */
  #isDenied(org: Ref, ref: Ref): boolean {
    const from = this.#custodians.get(ref);
    const last = this.#versions.findLast((one) => one.ref === ref && one.json !== undefined)?.json;
    if (from === undefined || from === org || last === undefined) return false;
    const patients = patientsOf(last);
    return this.live.some(
      (one) =>
        one.resourceType === 'Consent' &&
        one['status'] === 'active' &&
        this.#custodians.get(`Consent/${one.id}`) === from &&
        referencesAt(one, 'patient').some((patient) => patients.includes(patient)) &&
        this.#says(one['provision'] as Provision | undefined, 'permit', { from, to: org, ref }) === 'deny', // as made
    );
  }

  #says(one: Provision | undefined, around: string, about: Telling): string | undefined {
    if (one === undefined) return undefined;
    const { type = around, actor, period, class: types, data, provision = [] } = one;
    const named = actor?.map(({ role, reference }) => {
      const party = this.#organizationOf({ reference } as unknown as Stored, 'reference');
      return party === (role.coding[0]?.code === 'CST' ? about.from : about.to);
    });
    const now = new Date().toISOString();
    const covers =
      named?.includes(true) !== false &&
      (period?.start ?? '') <= now &&
      now <= (period?.end ?? '9999') &&
      types?.some(({ code }) => code === typeOf(about.ref)) !== false &&
      data?.some(({ reference }) => reference.reference === about.ref) !== false;
    if (!covers) return undefined;
    const exceptions = provision.map((inner) => this.#says(inner, type, about));
    return exceptions.includes('deny') ? 'deny' : (exceptions.find((answer) => answer !== undefined) ?? type);
  }

  #isInReach(org: Ref, ref: Ref): boolean {
    return this.#referrals.some((one) => one.org === org && one.refs.has(ref));
  }

  /** What each referral reaches, for each of its parties, when what is `without` carries nothing on. */
  #reach(without: (org: Ref, ref: Ref) => boolean): readonly Reached[] {
    const edges = this.#edges();
    return this.live.flatMap((resource) => {
      const parties = this.#partiesOf(resource);
      if (parties.length === 0) return [];
      const root = `Task/${resource.id}` as const;
      return parties.map((org) => {
        const refs = new Set<Ref>(without(org, root) ? [] : [root]);
        // A Set is iterated in the order of insertion, what is added meanwhile included.
        for (const ref of refs)
          for (const next of edges.get(ref) ?? []) if (!without(org, next)) refs.add(next);
        return { root, org, refs };
      });
    });
  }

  #edges(): ReadonlyMap<Ref, readonly Ref[]> {
    const edges = new Map<Ref, Ref[]>();
    const connect = (from: Ref, to: Ref): void => void edges.set(from, [...(edges.get(from) ?? []), to]);
    for (const resource of this.live) {
      const self: Ref = `${resource.resourceType}/${resource.id}`;
      const { carries = [], follows = [] } = RESOURCE_TYPES.get(resource.resourceType) ?? {};
      for (const to of carries.flatMap((path) => referencesAt(resource, path))) connect(self, to);
      for (const from of follows.flatMap((path) => referencesAt(resource, path))) {
        if (REFERRAL_TYPES.includes(typeOf(from))) connect(from, self);
      }
    }
    return edges;
  }

  /** A draft has one party, in error or not; a referral that was sent has two. */
  #partiesOf(resource: Stored): readonly Ref[] {
    if (resource.resourceType !== 'Task' || !isReferral(resource)) return [];
    const neverSent = resource['status'] === 'entered-in-error' && resource['businessStatus'] === undefined;
    const roles = resource['status'] === 'draft' || neverSent ? ['requester'] : ['requester', 'owner'];
    return roles.flatMap((role) => this.#organizationOf(resource, role) ?? []);
  }

  /** Whom a Consent permits to be told: organizations, those of its roles, and classes as they are named. */
  recipientsOf(consent: Stored): readonly Ref[] {
    const actors = valuesAt(consent, 'provision.actor') as readonly Actor[]; // as made
    return actors
      .filter(({ role }) => role.coding[0]?.code === 'IRCP')
      .flatMap(({ reference }) => {
        const { reference: named } = reference;
        return this.#organizationOf({ reference: named } as unknown as Stored, 'reference') ?? (named as Ref);
      });
  }

  #organizationOf(resource: Stored, role: string): Ref | undefined {
    const [party] = referencesAt(resource, role);
    if (party === undefined || party.startsWith('Organization/')) return party;
    const member = this.#newest.get(party)?.json;
    return member === undefined ? undefined : referencesAt(member, 'organization')[0];
  }
}

interface Actor {
  readonly role: { readonly coding: readonly { readonly code: string }[] };
  readonly reference: { readonly reference: string };
}

/** Of a Consent's provision, what the random worlds write. */
interface Provision {
  readonly type?: string;
  readonly actor?: readonly Actor[];
  readonly period?: { readonly start?: string; readonly end?: string };
  readonly class?: readonly { readonly code: string }[];
  readonly data?: readonly { readonly reference: { readonly reference: string } }[];
  readonly provision?: readonly Provision[];
}

interface Telling {
  readonly from: Ref;
  readonly to: Ref;
  readonly ref: Ref;
}

/** Where a resource of the random worlds names its patients. */
const PATIENT_PATHS: readonly string[] = [
  'subject',
  'for',
  'patient',
  'beneficiary',
  'participant.actor',
  'sender',
  'recipient',
  'author',
  'source',
];

function patientsOf(resource: Stored): readonly Ref[] {
  const named = PATIENT_PATHS.flatMap((path) => referencesAt(resource, path));
  const self = resource.resourceType === 'Patient' ? [`Patient/${resource.id}` as Ref] : [];
  return [...self, ...named.filter((ref) => ref.startsWith('Patient/'))];
}

/** A work item is its owner's, whoever's request made it. */
function ownerOfItem(resource: Stored | undefined): Ref | undefined {
  const isItem =
    resource?.resourceType === 'Task' &&
    valuesAt(resource, 'code.coding.system').includes('https://closeloop.dev/fhir/CodeSystem/work-item');
  return isItem ? referencesAt(resource, 'owner')[0] : undefined;
}

/** About these a resource is part of the referral; about a Patient it is not. */
const REFERRAL_TYPES: readonly string[] = ['Task', 'ServiceRequest', 'Appointment', 'Communication'];

function isReferral(task: Stored): boolean {
  const onOrder = referencesAt(task, 'focus').some((ref) => ref.startsWith('ServiceRequest/'));
  const codes = valuesAt(task, 'code.coding.code');
  return onOrder && (task['code'] === undefined || codes.includes('fulfill'));
}

/** What stands at a dotted path, through all lists; `item*` is `item`, and what stands at `item*` below it. */
export function valuesAt(tree: unknown, path: string): readonly unknown[] {
  const [step = '', ...rest] = path.split('.');
  const name = step.replace('*', '');
  if (name !== step) {
    const once = valuesAt(tree, [name, ...rest].join('.'));
    return [...once, ...valuesAt(tree, name).flatMap((below) => valuesAt(below, path))];
  }
  const here = (tree as Record<string, unknown> | undefined)?.[name];
  const nodes = Array.isArray(here) ? here : here === undefined ? [] : [here];
  return rest.length === 0 ? nodes : nodes.flatMap((node) => valuesAt(node, rest.join('.')));
}

/** The local resources that stand at a path, as References or as addresses. */
export function referencesAt(resource: Resource, path: string): readonly Ref[] {
  return valuesAt(resource, path).flatMap((value) => {
    const text = typeof value === 'string' ? value : (value as { reference?: string }).reference;
    const local = text?.startsWith(`${BASE}/`) ? text.slice(BASE.length + 1) : text;
    const ref = local?.replace(/\/_history\/\w+$/, '');
    return ref !== undefined && isRef(ref) ? [ref] : [];
  });
}

const isRef = (text: string): text is Ref => /^[A-Z]\w+\/[\w.-]+$/.test(text);

/** Every local resource that a resource refers to anywhere. */
export function allReferences(tree: unknown): ReadonlySet<Ref> {
  const found = new Set<Ref>();
  JSON.stringify(tree, (name, value: unknown) => {
    if (name === 'reference' || name === 'url') {
      for (const ref of referencesAt({ [name]: value } as unknown as Resource, name)) found.add(ref); // any holder will do
    }
    return value;
  });
  return found;
}
