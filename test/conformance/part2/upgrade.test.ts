/** A folder of the format before guards: content that bears labels is withheld from its first start on (ADR 0030). */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { denyByStoredConsents } from '../../../src/operations/renew-denials.ts';
import { keepAllKinds } from '../../../src/operations/renew-kinds.ts';
import { DERIVATION } from '../../../src/operations/values.ts';
import { withTold } from '../../../src/ports/query.ts';
import type { Store } from '../../../src/ports/store.ts';
import { verifyDerived } from '../../../src/stores/embedded/verify/derived-proof.ts';
import { openStore } from '../../../src/stores/index.ts';
import { actor, consentOf, withProvision } from '../../unit/policies/consent/consents.ts';
import { seenBy } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import { administrator, initiator, openWorld, refOf, type Stored, type World } from '../../world.ts';

const PART_2 = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' };

/** A referral, and a condition of it that is labelled later. */
async function refer(world: World) {
  const patient = await world.create(initiator, make.patient());
  const subject = refOf(patient);
  const note = await world.create(initiator, make.condition(subject));
  await world.create(
    initiator,
    make.serviceRequest(
      { subject, requester: 'Organization/initiator', performer: 'Organization/recipient' },
      { reasonReference: [make.to(refOf(note))] },
    ),
  );
  await world.ask(initiator, 'PUT', refOf(note), { ...note, meta: { security: [PART_2] } });
  return { patient, note };
}

/** Makes of a folder what the format before left. */
function asBefore(folder: string): void {
  const db = new DatabaseSync(join(folder, 'store.db'));
  db.exec('DROP TABLE mark; DROP TABLE permit; DROP TABLE party_kind; DELETE FROM denied');
  db.exec('ALTER TABLE denied DROP COLUMN quiet');
  db.exec(`UPDATE meta SET value = 4 WHERE key IN ('format', 'born')`);
  db.close();
}

async function sees(store: Store, { note }: { readonly note: Stored }): Promise<readonly boolean[]> {
  const [snapshot, sight] = [store.snapshot(), seenBy('Organization/recipient')];
  const seen = async (as: typeof sight) => (await snapshot.read(refOf(note), as)) !== undefined;
  return [await seen(sight), await seen(withTold(sight))];
}

test('(compliance L2) marks, permits and kinds of a folder of the format before are there at its first start', async () => {
  const world = await openWorld({ ownLog: true });
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-upgrade-'));
  try {
    await world.seedDirectory('initiator', 'recipient', 'works');
    const kind = [
      { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'employer' }] },
    ];
    await world.ask(administrator, 'PUT', 'Organization/works', {
      ...make.organization('works'),
      type: kind,
    });
    const unnumbered = { resourceType: 'Organization', id: 'unnumbered', name: 'Without a number' };
    await world.ask(administrator, 'PUT', 'Organization/unnumbered', unnumbered);
    const referred = await refer(world);
    const { patient } = referred;
    const paper = await world.create(
      initiator,
      make.documentReference(refOf(patient), 'https://example.org/paper'),
    );
    const consent = withProvision(
      consentOf('part2-specific', {
        patient: { reference: refOf(patient) },
        performer: [{ reference: refOf(patient) }],
        organization: [{ reference: 'Organization/initiator' }],
        sourceReference: { reference: refOf(paper) },
      }),
      {
        period: { end: '2999' },
        actor: [actor('CST', 'Organization/initiator'), actor('IRCP', 'Organization/works')],
      },
    );
    await world.create(initiator, consent);
    const before = await sees(world.store, referred);
    expect(before).toEqual([false, false]);
    cpSync(world.store.folder, folder, { recursive: true });
    asBefore(folder);
    const store = await openStore({ folder, reserveBytes: 0, writer: 'turn' });
    expect(await sees(store, referred)).toEqual(before);
    await keepAllKinds(store, 'provider', store.bornFormat < 5);
    expect(await denyByStoredConsents(store)).toBeDefined();
    expect(await store.snapshot().kindsOf('Organization/works')).toEqual(['employer']);
    expect((await store.snapshot().permitsOf(refOf(patient))).map(({ kind: one }) => one)).toEqual([
      'part2-specific',
    ]);
    const { seq } = store.status();
    await keepAllKinds(store, 'provider', store.bornFormat < 5);
    expect(await denyByStoredConsents(store)).toBeUndefined();
    expect(store.status().seq).toBe(seq);
    await keepAllKinds(store, 'none', true);
    expect(await store.snapshot().kindsOf('Organization/unnumbered')).toEqual([]);
    expect(await store.snapshot().kindsOf('Organization/recipient')).toBeUndefined();
    await store.close();
    expect(verifyDerived(folder, DERIVATION).faults).toEqual([]);
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
