/** Makes audit packages beside the answers of the server, and keeps them for a day in a folder beside the data folder. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Ref } from '../fhir/types.ts';
import type { AuditPackages, PackageQuery, PackageState } from '../ports/audit-packages.ts';
import { pathsOf } from '../stores/embedded/folder/folder.ts';
import { auditKeyFile, openAuditSigner } from './audit-key.ts';
import { readRegisterSheet } from '../operations/vendors/register-sheet.ts';
import type { PartyKindDefault } from '../policies/party-kind.ts';
import type { Store } from '../ports/store.ts';
import { writePackage } from './audit-package.ts';

interface PackagesParts {
  readonly config: {
    readonly dataDir: string;
    readonly anchorFile: string | undefined;
    readonly auditSigningKey: string | undefined;
    readonly partyKindDefault: PartyKindDefault;
  };
  readonly store: Pick<Store, 'snapshot'>;
  readonly base: string;
  readonly version: string;
  readonly now: () => number;
  /** A package could not be made; says why, without anything of a patient. */
  readonly failed: (error: string) => void;
}

interface Making {
  readonly organization: Ref;
  readonly folder: string;
  readonly ending: AbortController;
  readonly until: number;
  state: PackageState;
  done: Promise<void>;
}

const KEPT_MS = 86_400_000;
/** Packages that are made at a time, that are kept, and that one organization keeps of them. */
const AT_ONCE_MAX = 2;
const KEPT_MAX = 20;
const KEPT_OF_ONE_MAX = 5;
/** Bytes of one part of a file. */
const PART_BYTES = 4 * 1024 * 1024;

export function createAuditPackages(parts: PackagesParts): AuditPackages & { close(): Promise<void> } {
  const { config, now } = parts;
  const top = `${resolve(config.dataDir)}.audit-packages`;
  const makings = new Map<string, Making>();
  // What a crash left is nobody's.
  rmSync(top, { recursive: true, force: true });

  async function remove(id: string): Promise<void> {
    const making = makings.get(id);
    if (making === undefined) return;
    makings.delete(id);
    making.ending.abort();
    await making.done;
    await rm(making.folder, { recursive: true, force: true });
  }

  /** Those whose day is over. */
  const removeOld = (): void => {
    for (const [id, { until }] of makings) if (until <= now()) void remove(id);
  };

  function find(id: string, organization: Ref): Making | undefined {
    removeOld();
    const making = makings.get(id);
    return making?.organization === organization ? making : undefined;
  }

  return {
    begin(query, askedBy) {
      removeOld();
      if (!hasPlace([...makings.values()], query.organization)) return undefined;
      const id = randomUUID();
      const making = beginMaking(query.organization, join(top, id), now() + KEPT_MS);
      makings.set(id, making);
      making.done = make(parts, making, query, askedBy);
      return id;
    },
    stateOf: (id, organization) => find(id, organization)?.state,
    async cancel(id, organization) {
      if (find(id, organization) === undefined) return false;
      await remove(id);
      return true;
    },
    async read(id, organization, name, offset) {
      const making = find(id, organization);
      const files = making?.state.state === 'done' ? making.state.files : [];
      if (making === undefined || !files.some((file) => file.name === name)) return undefined;
      return readPart(join(making.folder, name), offset);
    },
    async close() {
      await Promise.all([...makings.keys()].map(remove));
      await rm(top, { recursive: true, force: true });
    },
  };
}

const beginMaking = (organization: Ref, folder: string, until: number): Making => ({
  organization,
  folder,
  ending: new AbortController(),
  until,
  state: { state: 'working' },
  done: Promise.resolve(),
});

/** One at a time for an organization, and few for all; nobody takes the places of the others. */
function hasPlace(all: readonly Making[], organization: Ref): boolean {
  const working = all.filter(({ state }) => state.state === 'working');
  const kept = all.filter(({ state }) => state.state !== 'failed');
  const own = all.filter((making) => making.organization === organization);
  const isBusy = own.some((making) => working.includes(making));
  return !isBusy && working.length < AT_ONCE_MAX && kept.length < KEPT_MAX && own.length < KEPT_OF_ONE_MAX;
}

/** Never rejects. */
async function make(
  { config, store, base, version, now, failed }: PackagesParts,
  making: Making,
  query: PackageQuery,
  askedBy: string,
): Promise<void> {
  try {
    const { signal } = making.ending;
    const source = { store, now: now(), partyKindDefault: config.partyKindDefault };
    const vendors = await readRegisterSheet(source, query, signal);
    const files = await writePackage(making.folder, query, {
      folder: config.dataDir,
      anchors: config.anchorFile ?? pathsOf(config.dataDir).anchors,
      signer: openAuditSigner(auditKeyFile(config)),
      source: { name: base, base },
      version,
      askedBy,
      vendors,
      now: now(),
      signal,
    });
    making.state = { state: 'done', files, until: making.until };
  } catch (error) {
    making.state = { state: 'failed' };
    if (!making.ending.signal.aborted) failed(error instanceof Error ? error.message : String(error));
  }
}

async function readPart(path: string, offset: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(PART_BYTES), 0, PART_BYTES, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
