/**
 * References of what is being written. Inside a bundle `urn:uuid:` references and conditional references are resolved
 * (http://hl7.org/fhir/R4/http.html#trules); our own absolute addresses become relative; and every new local reference
 * must point to something that exists and that the caller may read (rules 2.3).
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import {
  parseReference,
  relativeTo,
  rewriteLinks,
  rewriteReferences,
  type FoundReference,
} from '../../fhir/reference.ts';
import { learnReferences, referencesOf } from '../../fhir/references-of.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING, narrowedTo, type Sight } from '../../ports/query.ts';
import type { Version } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { typeOf } from '../../resources/element.ts';
import { PARTY_TYPES, standingOf } from '../../resources/parties/standing.ts';
import { isDirectory, RESOURCE_TYPES } from '../../resources/index.ts';
import { isOpenToAll } from '../../resources/reach.ts';
import { isFileShown } from '../binary-shown.ts';
import { sightToRefer } from '../scope.ts';
import { isReferableType } from '../../resources/validation-level.ts';
import { ambiguous, findCondition } from './condition.ts';
import { LARGE } from '../heavy.ts';
import type { OperationSettings } from '../context.ts';
import { createTurns } from '../turns.ts';
import { declarationOf, keepSight, placesIn, replan, sighted, type Draft, type Planned } from './draft.ts';

/** Bundle `fullUrl`s and what became of them. */
export type FullUrls = ReadonlyMap<string, Ref>;

/** Rewrites the references of every planned body to local ones, and the links of its narrative to entries of the bundle. */
export async function resolveReferences(draft: Draft, fullUrls: FullUrls): Promise<void> {
  const entries: Entries = {
    fullUrls,
    rootOf: new Map([...fullUrls].flatMap(([url, ref]) => rootedIn(url).map((root) => [ref, root] as const))),
    selected: new Map(),
  };
  const turns = createTurns();
  for (const planned of draft.planned.values()) {
    const { ref, before, after, origin } = planned;
    if (after === undefined || origin === 'server') continue;
    const turn = turns.after(after.size ?? 0);
    if (turn !== undefined) await turn;
    if ((after.size ?? 0) >= LARGE) await learnReferences(after.plain, turns.after);
    const resolved = new Map<string, string>();
    const stood = new Set(before === undefined ? [] : referencesOf(before).map(({ text }) => text));
    for (const found of referencesOf(after.plain)) {
      const next = turns.after(0);
      if (next !== undefined) await next;
      const places = () => placesIn(planned, [found.expression()]);
      const asked = resolveOne(sighted(draft, planned), entries, ref, found, places, stood);
      const local = typeof asked === 'string' ? asked : await asked;
      if (local !== found.text) resolved.set(found.text, local);
    }
    if (resolved.size > 0)
      replan(draft, ref, (tree) => rewriteReferences(tree, (text) => resolved.get(text)));
    if (fullUrls.size > 0) replan(draft, ref, (tree) => rewriteLinks(tree, (text) => fullUrls.get(text)));
  }
}

/** What the entries of a bundle are called, for its references to one another. */
interface Entries {
  readonly fullUrls: FullUrls;
  /** The service below which an entry says it is: relative references in it are meant there. */
  readonly rootOf: ReadonlyMap<Ref, string>;
  /** What conditional references have selected, by sight. */
  readonly selected: Map<Sight, Map<string, Ref>>;
}

/** `https://other.example/fhir` of `https://other.example/fhir/Patient/1`. */
function rootedIn(fullUrl: string): readonly string[] {
  const root = /^(https?:\/\/.+)\/[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl)?.[1];
  return root === undefined ? [] : [root];
}

/** A scheme of a URI is the same in capitals. */
const URN_UUID = /^urn:uuid:/i;

/** What is to stand for one reference; only what is looked for is waited for. */
function resolveOne(
  draft: Draft,
  entries: Entries,
  from: Ref,
  { text, element }: FoundReference,
  places: () => readonly string[],
  stood: ReadonlySet<string>,
): string | Promise<string> {
  const { fullUrls } = entries;
  const known = fullUrls.get(text);
  if (known !== undefined) return known;
  if (element !== 'reference') return relativeTo(draft.context.settings.publicBase, text);
  if (URN_UUID.test(text) && !stood.has(text)) {
    throw new OperationOutcomeError('reference-not-found', {
      diagnostics: `${text} is not the fullUrl of an entry of the same transaction`,
      expression: places(),
    });
  }
  const { publicBase } = draft.context.settings;
  const local = relativeTo(publicBase, text);
  const parsed = parseReference(local);
  if (parsed?.kind === 'conditional') return selectCondition(draft, entries, parsed, places);
  if (parsed?.kind === 'absolute') return fullUrls.get(parsed.url) ?? local;
  if (parsed?.kind !== 'local' || fullUrls.size === 0) return local;
  return fullUrls.get(`${entries.rootOf.get(from) ?? publicBase}/${parsed.ref}`) ?? local;
}

/** The same condition selects the same resource throughout a bundle. */
async function selectCondition(
  draft: Draft,
  { selected }: Entries,
  { type, query }: { readonly type: string; readonly query: string },
  places: () => readonly string[],
): Promise<Ref> {
  const known = selected.get(draft.sight) ?? new Map<string, Ref>();
  selected.set(draft.sight, known);
  const before = known.get(`${type}?${query}`);
  if (before !== undefined) return before;
  const found = await resolveCondition(draft, type, query, places());
  known.set(`${type}?${query}`, found);
  return found;
}

/** `Patient?identifier=…` must select exactly one resource that the caller may read. */
async function resolveCondition(
  draft: Draft,
  type: string,
  query: string,
  places: readonly string[],
): Promise<Ref> {
  if (!RESOURCE_TYPES.has(type)) {
    throw new OperationOutcomeError('reference-not-served', {
      diagnostics: `${type} is not served here`,
      expression: places,
    });
  }
  const found = await findCondition(draft, type, query);
  if (found.length > 1) throw await ambiguous(draft, type, query, places);
  const [only] = found;
  if (only === undefined) {
    throw new OperationOutcomeError('reference-not-found', {
      diagnostics: 'the conditional reference selects nothing that you may read',
      expression: places,
    });
  }
  return only;
}

/** References that are told of; an outcome tells fewer. */
const ISSUES_MAX = 100;

/** Refuses new references to what does not exist or may not be read: the same answer for both. */
export async function checkReferences(draft: Draft): Promise<void> {
  const issues: IssueDetail[] = [];
  const turns = createTurns();
  const mayRefer = draft.planned.size > 1 ? referableOnce() : isReferable;
  for (const planned of draft.planned.values()) {
    if (planned.origin === 'server') continue;
    const { after } = planned;
    const turn = turns.after(after?.size ?? 0);
    if (turn !== undefined) await turn;
    if (after !== undefined && (after.size ?? 0) >= LARGE) await learnReferences(after.plain, turns.after);
    for (const local of newReferences(planned)) {
      const next = turns.after(0);
      if (next !== undefined) await next;
      if (issues.length >= ISSUES_MAX) break;
      if (await mayRefer(sighted(draft, planned), local, ADDRESSED.has(typeOf(planned.ref)))) continue;
      issues.push({ ...whyNot(local), expression: placesIn(planned, [local.path()]) });
    }
  }
  const [first, ...rest] = issues;
  if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
}

function isOthersPrivate({ caller }: Draft, ref: Ref, version: Version): boolean {
  if (caller.administrator || version.custodian === caller.organization || !PARTY_TYPES.has(typeOf(ref)))
    return false;
  const party = resourceOf(version);
  return party !== undefined && standingOf(party) === 'private';
}

/** References of a resource to types that are not served, as a write of it would be refused. */
export const unservedIn = (
  resource: Resource,
  { validation }: Pick<OperationSettings, 'validation'>,
): readonly IssueDetail[] =>
  localReferences(resource)
    .filter(({ ref }) => !RESOURCE_TYPES.has(typeOf(ref)) && !isReferableType(validation, typeOf(ref)))
    .slice(0, ISSUES_MAX)
    .map((local) => ({ ...whyNot(local), expression: [local.path()] }));

/** What is not served is no secret; of all else, absent and invisible are told alike. */
const whyNot = ({ ref, text }: Local): Pick<IssueDetail, 'code' | 'diagnostics'> =>
  RESOURCE_TYPES.has(typeOf(ref))
    ? { code: 'reference-not-found', diagnostics: `${text} does not exist, or you may not read it` }
    : {
        code: 'reference-not-served',
        diagnostics: `${typeOf(ref)} is not served here, so ${ref} names no resource of this server`,
      };

/** A reference to a resource of this server, or to one version of it. */
interface Local {
  readonly ref: Ref;
  /** Undefined: whatever is current. */
  readonly version: string | undefined;
  /** As it is written. */
  readonly text: string;
  readonly path: () => string;
}

/** Local references of the new version that the version before did not have, each at its first place. */
function newReferences({ before, after }: Planned): readonly Local[] {
  if (after === undefined) return [];
  const old = new Set(
    before === undefined ? [] : localReferences(before).flatMap(({ ref, text }) => [ref, text]),
  );
  const references = new Map<string, Local>();
  for (const local of localReferences(after.plain)) {
    const { ref, version, text } = local;
    if (!old.has(version === undefined ? ref : text) && !references.has(text)) references.set(text, local);
  }
  return [...references.values()];
}

function localReferences(resource: Resource): readonly Local[] {
  return referencesOf(resource).flatMap(({ text, expression: path }) => {
    const parsed = parseReference(text);
    return parsed?.kind === 'local' ? [{ ref: parsed.ref, version: parsed.version, text, path }] : [];
  });
}

/** Records with which somebody is asked: whom another organization keeps privately is its own to ask (directory DR29). */
const ADDRESSED: ReadonlySet<string> = new Set(['Task', 'ServiceRequest']);

/** Entries of one bundle refer to the same parties: each is looked for once in each sight. */
function referableOnce(): typeof isReferable {
  const asked = new Map<string, Promise<boolean>>();
  return (draft, local, own) => {
    const { sight } = draft;
    const whose = sight.everything ? '' : `${sight.organization} ${sight.patient ?? ''}`;
    const key = `${own} ${local.ref} ${local.version ?? ''} ${whose}`;
    const known = asked.get(key) ?? isReferable(draft, local, own);
    asked.set(key, known);
    return known;
  };
}

async function isReferable(draft: Draft, { ref, version: named }: Local, own: boolean): Promise<boolean> {
  const planned = draft.planned.get(ref);
  if (planned !== undefined && planned.before === undefined && named === undefined)
    return planned.after !== undefined;
  if (planned !== undefined && planned.after === undefined) return false;
  if (!RESOURCE_TYPES.has(typeOf(ref)))
    return isReferableType(draft.context.settings.validation, typeOf(ref));
  const sight = sightToRefer(draft.caller, typeOf(ref), draft.sight);
  if (sight === undefined) return false;
  const version = await readToRefer(draft, ref, sight);
  // What comes with this server is nobody's, and everybody may read it.
  if (version?.text === undefined) return named === undefined && draft.context.packaged(ref) !== undefined;
  if (
    typeOf(ref) === 'Binary' &&
    !(await isFileShown(draft.snapshot, draft.caller, version, draft.context.settings.publicBase))
  )
    return false;
  if (own && isOthersPrivate(draft, ref, version)) return false;
  const asSeen = { ...draft, sight };
  if (named !== undefined && !(await hasVersion(asSeen, ref, named))) return false;
  if (planned === undefined) keepSight(asSeen, ref);
  return true;
}

/**
 * What everybody sees is read like the server's own reads, which are remembered. Where scopes leave less of its type, or the
 * patient's view less of all, the sight decides.
 */
async function readToRefer({ snapshot }: Draft, ref: Ref, sight: Sight): Promise<Version | undefined> {
  const type = typeOf(ref);
  const isWhole = !sight.everything && sight.patient === undefined && narrowedTo(sight, type) === undefined;
  if (isWhole && isDirectory(type)) {
    const version = await snapshot.read(ref, EVERYTHING);
    const resource = resourceOf(version);
    if (resource !== undefined && isOpenToAll(declarationOf(ref), resource)) return version;
  }
  return snapshot.read(ref, sight);
}

/** Versions of what is being written come with the commit, so nothing can name them yet. */
async function hasVersion({ snapshot, sight }: Draft, ref: Ref, named: string): Promise<boolean> {
  const seq = Number(named);
  if (!Number.isSafeInteger(seq) || seq <= 0) return false;
  return (await snapshot.vread(ref, seq, sight))?.text !== undefined;
}
