/** The request that demonstration, figures and tests mail: a package of 360X, by its judges too. (direct-xdm 7, 8, 13) */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readXdm } from '../../../src/direct/xdm/read-package.ts';
import { buildRequest } from '../../../tools/direct/request.ts';
import { openLetter, writeMail } from '../../../tools/direct/correspondent.ts';
import { openEbrim, readByXdCommon, startForeignAgent } from '../../direct-judges.ts';
import {
  createDirectWorld,
  INITIATOR_ADDRESS,
  RECIPIENT_ADDRESS,
  writeAgentFolder,
} from '../../direct-world.ts';
import { judged } from '../../judges.ts';

const scratch = mkdtempSync(join(tmpdir(), 'closeloop-request-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const JAVA_MS = 60_000;
const about = { from: INITIATOR_ADDRESS, to: RECIPIENT_ADDRESS, number: 'R-2026-1' };

test('it is read without a remark', async () => {
  const { zip } = await buildRequest(about);
  expect(await readXdm(zip)).toMatchObject({
    kind: 'package',
    remarks: [],
    submission: { referralId: { value: 'R-2026-1' } },
  });
});

judged('ebrim', 'its metadata is valid', async () => {
  const { zip } = await buildRequest(about);
  writeFileSync(join(scratch, 'request.zip'), zip);
  const code =
    'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("IHE_XDM/SUBSET01/METADATA.XML"))';
  expect(openEbrim()(execFileSync('python3', ['-c', code, join(scratch, 'request.zip')]))).toEqual([]);
});

judged(
  'xd_common',
  'the reference implementation reads it',
  async () => {
    const { zip, submission } = await buildRequest(about);
    const [reading] = readByXdCommon([zip]);
    expect(reading?.set).toMatchObject({ uniqueId: submission.uniqueId, contentTypeCode: '57133-1' });
    expect(reading?.documents.map(({ hash }) => hash)).toEqual(
      reading?.documents.map(({ dataHash }) => dataHash),
    );
  },
  JAVA_MS,
);

judged(
  'nhind_agent',
  'the reference implementation opens its mail, and we its notification',
  async () => {
    const world = await createDirectWorld();
    const folder = join(scratch, 'agent');
    writeAgentFolder(folder, world, [world.recipient], [world.initiator]);
    const agent = startForeignAgent(folder);
    const { zip } = await buildRequest(about);
    const file = { fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip };
    const { messageId, bytes } = await writeMail(world.initiator, world.recipient, [file]);
    const opened = await agent.open(INITIATOR_ADDRESS, RECIPIENT_ADDRESS, bytes);
    const told =
      opened.kind === 'ok' ? await agent.notify('Dispatched', RECIPIENT_ADDRESS, opened.bytes) : opened;
    const mail =
      told.kind === 'ok' ? await agent.protect(RECIPIENT_ADDRESS, INITIATOR_ADDRESS, told.bytes) : told;
    await agent.close();
    if (mail.kind !== 'ok') throw new Error(`${mail.word}: ${mail.says}`);

    const { dispositions } = await openLetter(world.initiator, mail.bytes);
    expect(dispositions).toMatchObject([{ outcome: 'dispatched', originalMessageId: messageId }]);
  },
  JAVA_MS,
);
