/** Invariants of resources that hold or record others: bundles, parameters, documents, audit. */
import {
  atLeastOne,
  has,
  isDistinct,
  notBoth,
  row,
  treeOf,
  treesOf,
  type Invariant,
  type Tree,
} from './row.ts';

const BUNDLE_HISTORY = ['history'];

export const EXCHANGE: Readonly<Record<string, readonly Invariant[]>> = {
  Bundle: [
    row(
      'bdl-1',
      'total is for searchset and history',
      (bundle) => !has(bundle, 'total') || ['searchset', ...BUNDLE_HISTORY].includes(String(bundle['type'])),
    ),
    row(
      'bdl-2',
      'entry.search is for searchset',
      (bundle) =>
        bundle['type'] === 'searchset' || treesOf(bundle, 'entry').every((entry) => !has(entry, 'search')),
    ),
    row('bdl-3', 'entry.request is for batch, transaction and history, and required there', (bundle) =>
      everyEntry(bundle, 'request', ['batch', 'transaction', ...BUNDLE_HISTORY]),
    ),
    row(
      'bdl-4',
      'entry.response is for batch-response, transaction-response and history, and required there',
      (bundle) =>
        everyEntry(bundle, 'response', ['batch-response', 'transaction-response', ...BUNDLE_HISTORY]),
    ),
    row(
      'bdl-7',
      'a fullUrl stands once, or with different meta.versionId',
      (bundle) => bundle['type'] === 'history' || isDistinct(treesOf(bundle, 'entry').flatMap(versionedUrl)),
    ),
    row(
      'bdl-9',
      'a document needs an identifier with system and value',
      (bundle) =>
        bundle['type'] !== 'document' ||
        (has(treeOf(bundle, 'identifier'), 'system') && has(treeOf(bundle, 'identifier'), 'value')),
    ),
    row(
      'bdl-10',
      'a document needs a timestamp',
      ({ type, timestamp }) => type !== 'document' || timestamp !== undefined,
    ),
    row(
      'bdl-11',
      'a document begins with a Composition',
      (bundle) => bundle['type'] !== 'document' || firstType(bundle) === 'Composition',
    ),
    row(
      'bdl-12',
      'a message begins with a MessageHeader',
      (bundle) => bundle['type'] !== 'message' || firstType(bundle) === 'MessageHeader',
    ),
  ],
  'Bundle.entry': [
    atLeastOne('bdl-5', 'resource', 'request', 'response'),
    row('bdl-8', 'fullUrl is not a version', ({ fullUrl }) => !String(fullUrl).includes('/_history/')),
  ],
  'Parameters.parameter': [
    row(
      'inv-1',
      'exactly one of value[x], resource and part must be there',
      (parameter) => ['value[x]', 'resource', 'part'].filter((name) => has(parameter, name)).length === 1,
    ),
  ],
  'AuditEvent.entity': [notBoth('sev-1', 'name', 'query')],
  'Composition.section': [
    atLeastOne('cmp-1', 'text', 'entry', 'section'),
    notBoth('cmp-2', 'emptyReason', 'entry'),
  ],
};

function everyEntry(bundle: Tree, name: string, types: readonly string[]): boolean {
  const required = types.includes(String(bundle['type']));
  return treesOf(bundle, 'entry').every((entry) => has(entry, name) === required);
}

function versionedUrl({ fullUrl, resource }: Tree): readonly string[] {
  const { versionId } = treeOf((resource ?? {}) as Tree, 'meta'); // a resource is a structure
  return fullUrl === undefined ? [] : [JSON.stringify([fullUrl, versionId])];
}

function firstType(bundle: Tree): unknown {
  const first = treesOf(bundle, 'entry')[0];
  return first === undefined ? undefined : treeOf(first, 'resource')['resourceType'];
}
