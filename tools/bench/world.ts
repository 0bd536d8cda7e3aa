/**
 * Data folders with referrals. The loader writes through `store.commit` with the function that also makes the FHIR
 * engine's writes, so that requests could have left the same folder, only later.
 */
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import { buildWrite } from '../../src/operations/write/commit.ts';
import type { AuditEntry, Commit, Write } from '../../src/ports/store.ts';
import { withStanding, writeMember } from '../../src/resources/parties/standing.ts';
import { openStore, type StoreOptions } from '../../src/stores/index.ts';
import {
  bringsPatient,
  caseOf,
  observation,
  organization,
  organizationIds,
  patient,
  patientIdOf,
  serviceRequest,
  task,
} from './resources.ts';

export interface World {
  readonly folder: string;
  readonly referrals: number;
  /** Resources that the loader wrote. */
  readonly resources: number;
  /** How long loading took; undefined where the folder was kept from an earlier run. */
  readonly seconds: number | undefined;
}

/** Folders of this run; removed when it ends. */
const made: string[] = [];

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-bench-'));
  made.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

const known = new Map<number, Promise<World>>();

/** The folder with this many referrals; loaded once per run. */
export function worldOf(referrals: number): Promise<World> {
  const before = known.get(referrals);
  if (before !== undefined) return before;
  const loading = keep(referrals);
  known.set(referrals, loading);
  return loading;
}

/** Where loaded folders stay between runs (`--world`, or BENCH_WORLD); each run works on a copy. */
let kept = process.env['BENCH_WORLD'];

export function keepWorlds(folder: string): void {
  kept = folder;
}

/** What a kept folder says of itself, beside it: written when it is whole. */
const NOTE = 'world.json';

async function keep(referrals: number): Promise<World> {
  if (kept === undefined) return loadWorld(referrals);
  const place = join(kept, `referrals-${referrals}`);
  const note = join(place, NOTE);
  const data = join(place, 'data');
  if (existsSync(note)) {
    const { resources } = JSON.parse(readFileSync(note, 'utf8')) as Pick<World, 'resources'>;
    return { folder: copied(data), referrals, resources, seconds: undefined };
  }
  const world = await loadWorld(referrals);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  cpSync(world.folder, data, COPYING);
  writeFileSync(note, JSON.stringify({ referrals, resources: world.resources }));
  return world;
}

/** Shares the blocks of the files where the file system can. */
const COPYING = { recursive: true, mode: constants.COPYFILE_FICLONE } as const;

function copied(data: string): string {
  const folder = makeFolder();
  cpSync(data, folder, COPYING);
  return folder;
}

/** Referrals of one commit: large commits make loading quick, and bundles are as large. */
const PER_COMMIT = 200;
/** Commits under way: enough that the writer never waits. */
const IN_FLIGHT = 3;

/** Loads a new folder; with `mongodb`, a database of which it is the read model. */
export async function loadWorld(referrals: number, mongodb?: StoreOptions['mongodb']): Promise<World> {
  const folder = makeFolder();
  const store = await openStore({ folder, reserveBytes: 0, ...(mongodb && { mongodb }) });
  const begun = performance.now();
  const members = organizationIds.map((id) => withStanding(organization(id), 'member'));
  const at = new Date().toISOString();
  await store.commit({
    ...commitOf(members.map((member) => writeOf(member, '', []))),
    records: organizationIds.map((id) => writeMember(`Organization/${id}`, { by: 'bench', at })),
  });
  let next = 0;
  let resources = organizationIds.length;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < referrals) {
        const from = next;
        next = Math.min(referrals, from + PER_COMMIT);
        const writes = Array.from({ length: next - from }, (_, i) => referral(from + i)).flat();
        resources += writes.length;
        await store.commit(commitOf(writes));
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  await store.close();
  return { folder, referrals, resources, seconds };
}

function referral(i: number): Write[] {
  const about = caseOf(i);
  const { requester, performer } = about;
  const keeper = requester as Ref; // caseOf makes references
  const parties = [keeper, performer as Ref];
  return [
    ...(bringsPatient(i) ? aboutPatient(i, keeper) : []),
    writeOf(serviceRequest(about, `s${i}`), keeper, []),
    writeOf(task(about, `ServiceRequest/s${i}`, i, `t${i}`), keeper, parties),
  ];
}

/** A patient and a measurement of them. */
function aboutPatient(i: number, keeper: Ref): Write[] {
  const id = patientIdOf(i);
  return [writeOf(patient(id, i), keeper, []), writeOf(observation(`Patient/${id}`, i, `o${i}`), keeper, [])];
}

/** The first version of a resource, as the FHIR engine writes it. */
export function writeOf(resource: Resource, custodian: Ref | '', parties: readonly Ref[]): Write {
  return buildWrite({
    ref: `${resource.resourceType}/${resource.id ?? ''}`,
    method: 'POST',
    base: 0,
    before: undefined,
    after: { plain: resource, storing: resource },
    custodian,
    origin: 'client',
    parties,
  });
}

export const commitOf = (writes: readonly Write[]): Commit => ({
  writes,
  preconditions: [],
  expects: [],
  audit: [auditOf(writes.map(({ ref }) => `${ref}/_history/0`))],
  outbox: [],
  deliveryOutcomes: [],
});

const auditOf = (entities: readonly string[]): AuditEntry => ({
  event: 'admin',
  action: 'C',
  outcome: '0',
  agent: { organization: '', client: 'bench', subject: 'loader' },
  requestId: 'bench',
  entities,
  patients: [],
  viewers: [],
});
