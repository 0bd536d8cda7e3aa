/**
 * The links of Bundles that the server stores whole (http://hl7.org/fhir/R4/bundle.html#references, documents.html,
 * messaging.html): an entry's fullUrl agrees with its resource, and a document or a message contains the resources to
 * which it refers, or refers by absolute addresses.
 */
import type { IssueDetail } from '../fhir/issue.ts';
import { parseReference, walkReferences } from '../fhir/reference.ts';
import type { Resource } from '../fhir/types.ts';

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
}

/** Types of Bundle that are sealed: their references are resolved within the Bundle. */
const SEALED: ReadonlySet<unknown> = new Set(['document', 'message']);

/** The faults in the links of a Bundle whose structure and invariants are valid. */
export function findBundleFaults(bundle: Resource): readonly IssueDetail[] {
  const entries = (bundle['entry'] ?? []) as readonly Entry[]; // its schema has been passed
  const named = entries.flatMap(checkFullUrl);
  if (named.length > 0 || !SEALED.has(bundle['type'])) return named;
  const known = knownOf(entries);
  return entries.flatMap((entry, index) => checkLinks(entry, index, known));
}

const fault = (diagnostics: string, expression: string): IssueDetail => ({
  code: 'structure-invalid',
  type: 'invariant',
  diagnostics,
  expression: [expression],
});

const ADDRESS = /^(https?:\/\/.+)\/([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** "fullUrl SHALL NOT disagree with the id in the resource"; this does not hold for a urn. */
function checkFullUrl({ fullUrl = '', resource }: Entry, index: number): readonly IssueDetail[] {
  const [, , type, id] = ADDRESS.exec(fullUrl) ?? [];
  if (type === undefined || resource === undefined) return [];
  const agrees = type === resource.resourceType && (resource.id === undefined || id === resource.id);
  return agrees ? [] : [fault('fullUrl and the resource disagree', `Bundle.entry[${index}].fullUrl`)];
}

interface Known {
  readonly fullUrls: ReadonlySet<string>;
  /** The resources as `Type/id`. */
  readonly refs: ReadonlySet<string>;
}

const knownOf = (entries: readonly Entry[]): Known => ({
  fullUrls: new Set(entries.flatMap(({ fullUrl }) => fullUrl ?? [])),
  refs: new Set(
    entries.flatMap(({ resource }) =>
      resource?.id === undefined ? [] : [`${resource.resourceType}/${resource.id}`],
    ),
  ),
});

function checkLinks({ fullUrl = '', resource }: Entry, index: number, known: Known): readonly IssueDetail[] {
  if (resource === undefined) return [];
  const root = ADDRESS.exec(fullUrl)?.[1];
  const faults: IssueDetail[] = [];
  walkReferences(resource, ({ element, text, expression }) => {
    if (element !== 'reference') return;
    const at = expression();
    const says = SAYS[judge(text, root, known, index === 0 && at.startsWith('MessageHeader.focus['))];
    const place = `Bundle.entry[${index}].resource.${at.slice(at.indexOf('.') + 1)}`;
    if (says !== undefined) faults.push({ ...fault(says.diagnostics, place), severity: says.severity });
  });
  return faults;
}

type Judgement = 'resolved' | 'dangling' | 'wrong';

const SAYS: Readonly<
  Record<Judgement, { readonly diagnostics: string; readonly severity: 'warning' | 'error' } | undefined>
> = {
  resolved: undefined,
  dangling: {
    diagnostics: 'refers to a resource outside the Bundle without a base address',
    severity: 'warning',
  },
  wrong: { diagnostics: 'refers to a resource that is not in the Bundle', severity: 'error' },
};

/**
 * Checks a reference.
 *
 * @param isFocus the focus of a message must be in the Bundle, whatever its address
 */
function judge(
  text: string,
  root: string | undefined,
  { fullUrls, refs }: Known,
  isFocus: boolean,
): Judgement {
  const parsed = parseReference(text);
  switch (parsed?.kind) {
    case 'urn':
      return fullUrls.has(text) ? 'resolved' : 'wrong';
    case 'conditional':
      return 'wrong';
    case 'local':
      if (fullUrls.has(`${root}/${parsed.ref}`) || refs.has(parsed.ref)) return 'resolved';
      if (isFocus) return 'wrong';
      // Below the root of its entry, a relative reference counts as an absolute one.
      return root === undefined ? 'dangling' : 'resolved';
    case 'absolute':
      return isFocus && !fullUrls.has(parsed.url) ? 'wrong' : 'resolved';
    default:
      return 'resolved';
  }
}
