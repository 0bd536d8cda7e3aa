/**
 * $meta, $meta-add and $meta-delete (http://hl7.org/fhir/R4/resource-operations.html): profiles, tags and security
 * labels without the rest of a resource. A change of them is a version like any other, with the same rules and
 * notifications.
 */
import { notHere, OperationOutcomeError } from '../../fhir/issue.ts';
import type { Meta, Ref, Resource } from '../../fhir/types.ts';
import type { Clause, Match, Sight } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { RESOURCE_TYPES } from '../../resources/index.ts';
import { addMeta, deleteMeta, gatherMeta } from '../../resources/meta.ts';
import type { Request } from '../request.ts';
import { checkTypeRole } from '../role.ts';
import { isFileShown } from '../binary-shown.ts';
import { checkScope, sightFor, sightForType } from '../scope.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { performWrite } from '../write/write.ts';
import { planStoredChange } from './change-stored.ts';
import { valueIn } from './input.ts';
import type { Invocation, Operation, OperationParameter, OperationReply } from './operation.ts';
import { parametersOf } from './output.ts';

const BASE = 'http://hl7.org/fhir/OperationDefinition';

const RETURN: OperationParameter = {
  name: 'return',
  use: 'out',
  min: 1,
  max: '1',
  type: 'Meta',
  documentation: 'The meta of the version; of many resources, the profiles, tags and labels that they bear.',
};

export const meta: Operation = {
  name: 'meta',
  id: 'Resource-meta',
  base: `${BASE}/Resource-meta`,
  title: 'Profiles, tags and security labels',
  description:
    'Those of a resource or of one version of it; of a type or of the system, those in use among what the caller may see.',
  levels: ['system', 'type', 'instance'],
  resource: 'any',
  onVersions: true,
  affectsState: false,
  parameters: [RETURN],
  perform: performMeta,
};

export const metaAdd: Operation = changing(
  'meta-add',
  'Add profiles, tags and security labels',
  'Adds what is not there yet. That is a new version of the resource, unless nothing is added.',
  'Profiles, tags and labels to add; a tag or a label is known by its system and code.',
  addMeta,
);

export const metaDelete: Operation = changing(
  'meta-delete',
  'Delete profiles, tags and security labels',
  'Takes out what is there. That is a new version of the resource, unless nothing is taken out.',
  'Profiles, tags and labels to take out; a tag or a label is known by its system and code.',
  deleteMeta,
);

const replyWith = (found: Meta): Pick<OperationReply, 'status' | 'resource'> => ({
  status: 200,
  // A value is never empty (ele-1), so an empty Meta has no parameter.
  resource: parametersOf(Object.keys(found).length === 0 ? [] : [{ name: 'return', valueMeta: found }]),
});

// — reading

async function performMeta(invocation: Invocation): Promise<OperationReply> {
  const { context, request, level } = invocation;
  if (level !== 'instance') return { ...replyWith(await gatherInUse(invocation)), seen: [] };
  const version = await readVersion(invocation);
  const { ref, seq, at, custodian, text = '' } = version;
  const { meta: found = {} } = parseStored(text);
  const seen = [{ ref, seq, custodian, patients: context.patientsOf(ref, seq, text) }];
  return { ...replyWith(found), ...(request.versionId === undefined && { version: seq, at }), seen };
}

/** @throws OperationOutcomeError `scope-insufficient`, `not-found`, `gone` */
async function readVersion({ context, request }: Invocation): Promise<Version> {
  const asked: Request = { ...request, interaction: request.versionId === undefined ? 'read' : 'vread' };
  checkScope(asked);
  checkTypeRole(request.caller, 'r', request.type ?? '');
  const sight = sightFor(asked);
  const ref: Ref = `${request.type ?? ''}/${request.id ?? ''}`;
  const snapshot = context.store.snapshot();
  const seq = Number(request.versionId ?? 0);
  const version =
    request.versionId === undefined
      ? await snapshot.read(ref, sight)
      : Number.isSafeInteger(seq) && seq > 0
        ? await snapshot.vread(ref, seq, sight)
        : undefined;
  const isShown =
    version && (await isFileShown(snapshot, request.caller, version, context.settings.publicBase));
  if (version === undefined || isShown !== true) throw notHere(ref);
  if (version.text !== undefined) return version;
  throw new OperationOutcomeError('gone', { diagnostics: `${ref} was deleted at ${version.at}` });
}

/** The largest number of resources that one invocation looks at: those with a profile, a tag or a label. */
const LOOKED_AT_MAX = 10_000;
const AT_ONCE = 500;

const BEARS_ANY: Clause = {
  kind: 'any',
  of: ['_profile', '_tag', '_security'].map((param) => ({ kind: 'missing', param, missing: false })),
};

async function gatherInUse({ context, request, level }: Invocation): Promise<Meta> {
  const types = level === 'type' ? [request.type ?? ''] : [...RESOURCE_TYPES.keys()];
  if (level === 'type') {
    checkScope({ ...request, interaction: 'search-type' });
    checkTypeRole(request.caller, 's', request.type ?? '');
  }
  const sights = types.flatMap((type): readonly (readonly [string, Sight])[] => {
    if (RESOURCE_TYPES.get(type)?.renderedFromAudit === true) return [];
    const sight = sightForType(request.caller, type);
    return sight === undefined ? [] : [[type, sight]];
  });
  if (sights.length === 0)
    throw new OperationOutcomeError('scope-insufficient', { diagnostics: 'needed: system/*.s' });
  const snapshot = context.store.snapshot();
  let gathered: Meta = {};
  let left = LOOKED_AT_MAX;
  for (const [type, sight] of sights) {
    for await (const matches of bearers(snapshot, request, type, sight)) {
      left -= matches.length;
      if (left < 0)
        throw new OperationOutcomeError('search-too-costly', { retryAfter: 60, diagnostics: TOO_MANY });
      gathered = gatherMeta([gathered, ...matches.map(metaOf)]);
    }
  }
  return gathered;
}

const TOO_MANY = `more than ${LOOKED_AT_MAX} resources bear profiles, tags or labels; ask for one type, or for one resource`;

/** Profiles, tags and labels alone: the rest of a meta belongs to its version. */
function metaOf({ text }: Match): Meta {
  const { profile, tag, security } = parseStored(text).meta ?? {};
  return { ...(profile && { profile }), ...(tag && { tag }), ...(security && { security }) };
}

async function* bearers(
  snapshot: Snapshot,
  { signal }: Request,
  type: string,
  sight: Sight,
): AsyncGenerator<readonly Match[]> {
  for (let offset = 0; ; offset += AT_ONCE) {
    const query = { type, where: BEARS_ANY, sort: [], sight, count: AT_ONCE, offset, total: false };
    const { matches, more } = await snapshot.search(query, signal).catch(searchRefusal);
    yield matches;
    if (!more) return;
  }
}

// — changing

type Change = (meta: Meta, given: Meta) => Meta;

function changing(
  name: string,
  title: string,
  description: string,
  documentation: string,
  change: Change,
): Operation {
  return {
    name,
    id: `Resource-${name}`,
    base: `${BASE}/Resource-${name}`,
    title,
    description,
    levels: ['instance'],
    resource: 'any',
    affectsState: true,
    needs: 'update',
    parameters: [{ name: 'meta', use: 'in', min: 1, max: '1', type: 'Meta', documentation }, RETURN],
    perform: (invocation) => performChange(invocation, change),
  };
}

async function performChange(
  { context, request, input }: Invocation,
  change: Change,
): Promise<OperationReply> {
  // The reply comes from the stored version, whatever `Prefer` says.
  const asPatch: Request = { ...request, interaction: 'patch', prefer: { return: 'representation' } };
  const given = valueIn(input, 'meta') as Meta; // required, and of this type
  const changed = (tree: Resource): Resource | undefined => {
    const { meta: old = {} } = tree;
    const next = change(old, given);
    return next === old ? undefined : { ...tree, meta: next };
  };
  const reply = await performWrite(context, asPatch, (draft, asked) =>
    planStoredChange(draft, asked, changed),
  );
  const { meta: result = {} } = parseStored(reply.text ?? '{}');
  const { version, at, headers, notes } = reply;
  return { ...replyWith(result), version, at, headers, notes };
}
