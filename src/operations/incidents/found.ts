/**
 * Incidents: something left that should not have, or almost did, and a person must assess whether it is a breach (42 CFR
 * 2.16(b), 45 CFR 164.402; compliance P23, S9). One open work item per organization and cause lists every delivery.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { planWorkItem, type WorkItem } from '../work-item.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';
import type { Planned } from '../write/draft.ts';

/** What the server finds by itself. */
const CAUSES = {
  'part2-notice':
    'Content of 42 CFR Part 2 would have left without the notice of section 2.32, and was withheld. Mend the rail, then send again; assess what left before.',
  malware:
    'The malware scanner found something in a file, and nobody reads it any more. Find out where it came from, and who had it before.',
  relabel:
    'Resources left without security labels that their content asks for. Assess whether what left was a breach, and tell who must know.',
} as const;

type IncidentCause = keyof typeof CAUSES;

/** What is known of one thing that left, or was about to: ids alone. */
interface IncidentDelivery {
  /** `Task/1/_history/12` */
  readonly version: string;
  /** Whom, by what and under which number. */
  readonly says: string;
}

interface Incident {
  readonly cause: IncidentCause;
  /** Whose incident it is: the organization that keeps what left. */
  readonly owner: Ref | '';
  readonly deliveries: readonly IncidentDelivery[];
  /** Instant. */
  readonly at: string;
  readonly newId: () => string;
}

const CAUSE_SYSTEM = 'https://closeloop.dev/fhir/NamingSystem/incident-cause';
/** Deliveries that one work item lists; the next opens another. */
const LISTED_MAX = 500;

/** The write that opens an incident, or adds to the one that is open; undefined where that lists all of it already. */
export async function planFoundIncident(now: Snapshot, incident: Incident): Promise<Planned | undefined> {
  const { cause, owner, deliveries, at, newId } = incident;
  const open = await findOpen(now, cause, owner);
  const listed = new Set(open === undefined ? [] : valuesAt(open.task, 'input.valueString'));
  const fresh = deliveries.filter(({ version, says }) => !listed.has(lineOf({ version, says })));
  const [first] = fresh;
  if (first === undefined) return undefined;
  if (open !== undefined && listed.size + fresh.length <= LISTED_MAX) return added(open, fresh);
  const item: WorkItem = {
    kind: 'incident',
    says: CAUSES[cause],
    focus: subjectOf(first.version),
    authoredOn: at,
    owner,
    groupIdentifier: { system: CAUSE_SYSTEM, value: cause },
    input: fresh.slice(0, LISTED_MAX).map(inputOf),
  };
  return planWorkItem(newId(), item);
}

const lineOf = ({ version, says }: IncidentDelivery): string => `${version} ${says}`;

const inputOf = (delivery: IncidentDelivery) => ({
  type: { text: 'Delivery' },
  valueString: lineOf(delivery),
});

const subjectOf = (version: string): Ref => version.split('/').slice(0, 2).join('/') as Ref;

interface OpenIncident {
  readonly ref: Ref;
  readonly seq: number;
  readonly custodian: Ref | '';
  readonly task: Resource;
}

async function findOpen(
  now: Snapshot,
  cause: IncidentCause,
  owner: Ref | '',
): Promise<OpenIncident | undefined> {
  const { matches } = await now.search({
    type: 'Task',
    where: {
      kind: 'all',
      of: [
        { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: 'incident' },
        { kind: 'token', param: 'group-identifier', system: CAUSE_SYSTEM, code: cause },
        { kind: 'token', param: 'status', code: 'requested' },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: OPEN_MAX,
    offset: 0,
    total: false,
  });
  const found = matches
    .map(({ ref, seq, custodian, text }) => ({ ref, seq, custodian, task: parseStored(text) }))
    .filter(({ custodian, task }) => custodian === owner && (localRef(task['owner']) ?? '') === owner);
  return found.toSorted((one, other) => other.seq - one.seq)[0];
}

const OPEN_MAX = 500;

function added({ ref, seq, custodian, task }: OpenIncident, fresh: readonly IncidentDelivery[]): Planned {
  const input = [...((task['input'] ?? []) as readonly object[]), ...fresh.map(inputOf)];
  const next: Resource = { ...task, input };
  return {
    ref,
    method: 'PUT',
    base: seq,
    before: task,
    after: { plain: next, storing: next },
    custodian,
    origin: 'server',
    parties: [],
  };
}
