/** `$map-code`: a person says what a code of a link means, and the ConceptMap of the link has one row more. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import type { Snapshot } from '../../ports/store.ts';
import { buildOffer } from '../write/offer.ts';
import { findCodeMap } from '../receive/code-maps.ts';
import { closeItem, valueOfInput } from '../receive/items.ts';
import { changeSent } from '../receive/own.ts';
import type { Request } from '../request.ts';
import type { Room } from '../room.ts';
import { settleDraft } from '../steps.ts';
import { openDraft } from '../write/write.ts';
import { textIn } from './input.ts';
import type { Operation } from './operation.ts';
import { performResolution, type Resolvable, type Resolved } from './resolve.ts';

interface Row {
  readonly system: string;
  readonly code: string;
  readonly display: string | undefined;
}

export const mapCode: Operation = {
  name: 'map-code',
  title: 'Say what a code means',
  description:
    'Adds the row that a ConceptMap lacks for the code of a work item, and ends the work item. Later messages are translated by it.',
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  needs: 'update',
  parameters: [
    {
      name: 'system',
      use: 'in',
      min: 1,
      max: '1',
      type: 'uri',
      documentation: 'The system of the code that is meant.',
    },
    { name: 'code', use: 'in', min: 1, max: '1', type: 'code', documentation: 'The code that is meant.' },
    { name: 'display', use: 'in', min: 0, max: '1', type: 'string', documentation: 'What it is called.' },
    { name: 'fate', use: 'out', min: 1, max: '1', type: 'code', documentation: '`mapped`.' },
  ],
  perform: ({ room, request, input }) => {
    const row = {
      system: textIn(input, 'system') ?? '',
      code: textIn(input, 'code') ?? '',
      display: textIn(input, 'display'),
    };
    return performResolution(room, request, (snapshot, about) => addRow(room, request, snapshot, about, row));
  },
};

async function addRow(
  room: Room,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  row: Row,
): Promise<Resolved> {
  const canonical = valueOfInput(item.task, 'map');
  const code = valueOfInput(item.task, 'code');
  if (item.kind !== 'code-unmapped' || canonical === undefined || code === undefined)
    throw new OperationOutcomeError('referral-rule', { diagnostics: `${item.ref} asks for no code` });
  const draft = openDraft(room, request, snapshot);
  const map = await findCodeMap(draft, canonical, [request.caller.organization]);
  if (map === undefined) {
    const diagnostics = `${canonical} is not kept here by you, so that you could add to it`;
    throw new OperationOutcomeError('not-found', { diagnostics });
  }
  await changeSent(draft, map.ref, (tree) => withRow(tree, code, row));
  await settleDraft(draft, 'transaction', new Map());
  await closeItem(draft, item.ref, 'the row was added');
  const offered = await buildOffer(draft, request, undefined);
  return { ...offered, fate: 'mapped', says: [] };
}

interface Group {
  readonly target?: string;
  readonly element: readonly object[];
}

/** In the group of the target's system; a new one, where there is none. */
function withRow(tree: Resource, code: string, { system, ...target }: Row): Resource {
  const groups = (tree['group'] ?? []) as readonly Group[]; // validated structure
  const meant = {
    code: target.code,
    ...(target.display !== undefined && { display: target.display }),
    equivalence: 'equivalent',
  };
  const element = { code, target: [meant] };
  const at = groups.findIndex((group) => group.target === system);
  const extended = groups.map((group, index) =>
    index === at ? { ...group, element: [...group.element, element] } : group,
  );
  return { ...tree, group: at === -1 ? [...groups, { target: system, element: [element] }] : extended };
}
