/**
 * Kills the real server while a partner mails it requests by Direct, again and again, on one folder; the relay is slow, so
 * that kills come between commit and notification. Every mail that was taken has exactly
 * one effect and its notifications; every other one has one effect or none; and when all are sent again, each has one.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findPort } from '../demo/world.ts';
import { openLetter, writeMail } from '../direct/correspondent.ts';
import { openPostOffice, sendMailTo, type PostOffice } from '../direct/post-office.ts';
import { buildRequest } from '../direct/request.ts';
import { createChance } from './chance.ts';
import { send } from './client.ts';
import {
  asFlags,
  mailSettings,
  makePartners,
  seedMailDirectory,
  trustPartners,
  type Partners,
} from './mail-scene.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { createIssuer } from './tokens.ts';

export interface DirectKillReport {
  readonly kills: number;
  readonly sent: number;
  /** Answered with 250. */
  readonly taken: number;
  /** Mails that were not answered, and had their effect all the same. */
  readonly effectsUntold: number;
  /** Notifications that came more than once: the kill came between sending one and noting that. */
  readonly repeated: number;
  readonly faults: readonly string[];
}

interface Letter {
  readonly number: string;
  readonly messageId: string;
  readonly bytes: Buffer;
}

/** Mails that are on their way at once, and how long the relay takes for a notification, at most. */
const SENDERS = 4;
const HELD_MS = 400;

/** What a run needs, in one place. */
interface Scene {
  readonly parties: Partners['parties'];
  readonly office: PostOffice;
  readonly port: number;
  readonly token: string;
  /** The server, which answers. */
  readonly first: ServerProcess;
  /** The server anew on the same folder. */
  readonly begin: () => ServerProcess;
}

export async function killUnderMail(options: {
  readonly kills: number;
  readonly seed: number;
}): Promise<DirectKillReport> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-direct-kill-'));
  const chance = createChance(options.seed);
  const office = await openPostOffice({ before: () => pause(chance.below(HELD_MS)) });
  const servers: ServerProcess[] = [];
  try {
    const scene = await setScene(root, office, servers);
    const { letters, base } = await killAgainAndAgain(scene, options.kills, (max) => chance.below(max));
    return { kills: options.kills, ...(await judge(scene, base, letters)) };
  } finally {
    await servers.at(-1)?.end('SIGKILL');
    await office.close();
    rmSync(root, { recursive: true, force: true });
  }
}

export interface KilledBetween {
  /** Words of the notifications that came after the kill. */
  readonly told: readonly string[];
  /** Referrals, before the kill and after all was told; and the versions of all Tasks. */
  readonly referrals: readonly [before: number, after: number];
  readonly tasks: readonly [before: string, after: string];
}

/** One mail, one kill: when its fate is on disk, and its first notification is at the relay, which does not answer. */
export async function killBetween(): Promise<KilledBetween> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-direct-between-'));
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let isKilled = false;
  const office = await openPostOffice({
    before: async () => {
      arrived.resolve();
      if (isKilled) return;
      await gate.promise;
      throw new Error('the relay was gone');
    },
  });
  const servers: ServerProcess[] = [];
  try {
    const scene = await setScene(root, office, servers);
    const letter = await writeLetter(scene, 'R-between');
    const base = await scene.first.ready;
    if (!(await isTaken(scene, letter))) throw new Error('the mail was not taken');
    await arrived.promise;
    const before = [await referralsAt(base, scene.token), await taskTextAt(base, scene.token)] as const;
    await scene.first.end('SIGKILL');
    isKilled = true;
    gate.resolve();
    const again = await scene.begin().ready;
    const told = await notificationsOf(scene, new Map([[letter, true]]));
    const after = [await referralsAt(again, scene.token), await taskTextAt(again, scene.token)] as const;
    return {
      told: [...told].map(([key, count]) => `${key.split(' ')[0] ?? ''} ${String(count)}`),
      referrals: [before[0].size, after[0].size],
      tasks: [before[1], after[1]],
    };
  } finally {
    await servers.at(-1)?.end('SIGKILL');
    await office.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Ids and versions of all Tasks. */
async function taskTextAt(base: string, token: string): Promise<string> {
  const path = '/Task?_count=100';
  const answer = await send(base, { method: 'GET', path, token, requestId: randomUUID() });
  const { entry = [] } = JSON.parse(answer?.text ?? '{}') as {
    readonly entry?: readonly {
      readonly resource: { readonly id: string; readonly meta: { readonly versionId: string } };
    }[];
  }; // a search answers a Bundle
  return entry.map(({ resource: { id, meta } }) => `${id}/${meta.versionId}`).join(' ');
}

/** The server's folder is told whom to trust; then the server runs, and has a directory. */
async function setScene(root: string, office: PostOffice, servers: ServerProcess[]): Promise<Scene> {
  const issuer = await createIssuer(join(root, 'keys.json'));
  const port = await findPort();
  const folder = join(root, 'data');
  mkdirSync(folder);
  const partners = await makePartners();
  const mail = mailSettings(root, { smtp: port, relay: office.port });
  const settings = [...issuer.settings, ...asFlags(mail)];
  const begin = (): ServerProcess => {
    const server = startServer({ folder, settings });
    servers.push(server);
    return server;
  };
  const token = await issuer.sign('admin');
  await trustPartners(partners, { folder, settings, keys: mail.directKeys });
  const first = begin();
  await seedMailDirectory(await first.ready, token);
  return { parties: partners.parties, office, port, token, first, begin };
}

/** Every letter, and whether it was taken. */
type Letters = ReadonlyMap<Letter, boolean>;

async function killAgainAndAgain(
  scene: Scene,
  kills: number,
  below: (max: number) => number,
): Promise<{ readonly letters: Letters; readonly base: string }> {
  const letters = new Map<Letter, boolean>();
  let server = scene.first;
  for (let kill = 0; kill < kills; kill += 1) {
    await server.ready;
    let isOver = false;
    const before = takenOf(letters);
    const work = async (): Promise<void> => {
      while (!isOver) {
        const letter = await writeLetter(scene, `R-${String(letters.size + 1)}-${randomUUID().slice(0, 4)}`);
        letters.set(letter, false);
        letters.set(letter, await isTaken(scene, letter));
      }
    };
    const working = Promise.all(Array.from({ length: SENDERS }, work));
    await pause(200 + below(500));
    // A slow machine may not have begun to answer.
    for (let waited = 0; takenOf(letters) < before + ROUND_MIN && waited < ROUND_MAX_MS; waited += 20)
      await pause(20);
    isOver = true; // a letter that is on its way meets the kill
    await server.end('SIGKILL');
    await working;
    server = scene.begin();
  }
  return { letters, base: await server.ready };
}

/** Letters that are taken before a kill, if the machine can do it in this time. */
const ROUND_MIN = 4;
const ROUND_MAX_MS = 8000;

const takenOf = (letters: Letters): number => [...letters.values()].filter(Boolean).length;

async function writeLetter({ parties: { partner, own } }: Scene, number: string): Promise<Letter> {
  const { zip } = await buildRequest({ from: partner.address, to: own.address, number });
  const file = { fileName: 'REQUEST.ZIP', contentType: 'application/zip', bytes: zip };
  const { messageId, bytes } = await writeMail(partner, own, [file]);
  return { number, messageId, bytes: Buffer.from(bytes) };
}

async function isTaken({ port, parties }: Scene, { bytes }: Letter): Promise<boolean> {
  const envelope = { from: parties.partner.address, to: parties.own.address };
  return sendMailTo(port, { ...envelope, bytes }).then(
    () => true,
    () => false,
  );
}

async function judge(scene: Scene, base: string, letters: Letters): Promise<Omit<DirectKillReport, 'kills'>> {
  const faults: string[] = [];
  const effects = await referralsAt(base, scene.token);
  for (const [{ number }, taken] of letters) {
    const count = effects.get(number) ?? 0;
    if (count > 1 || (taken && count !== 1))
      faults.push(`${number}, ${taken ? '' : 'not '}taken: ${String(count)} referrals`);
  }
  const effectsUntold = [...letters].filter(([{ number }, taken]) => !taken && effects.has(number)).length;
  for (const [letter, taken] of letters)
    if (!taken && !(await isTaken(scene, letter)))
      faults.push(`${letter.number} was refused when it came again`);
  const again = await referralsAt(base, scene.token);
  for (const { number } of letters.keys())
    if (again.get(number) !== 1)
      faults.push(`${number}, sent again: ${String(again.get(number) ?? 0)} referrals`);
  const told = await notificationsOf(scene, letters);
  for (const { number, messageId } of letters.keys())
    for (const word of WORDS)
      if (!told.has(`${word} ${messageId}`)) faults.push(`${number}: nobody was told that it is ${word}`);
  return {
    sent: letters.size,
    taken: takenOf(letters),
    effectsUntold,
    repeated: [...told.values()].filter((count) => count > 1).length,
    faults,
  };
}

const WORDS = ['processed', 'dispatched'] as const;

/** How many referrals there are with each number. */
async function referralsAt(base: string, token: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let path = '/Task?_count=200&_include=Task:focus'; path !== '';) {
    const answer = await send(base, { method: 'GET', path, token, requestId: randomUUID() });
    if (answer?.status !== 200 || answer.text === undefined)
      throw new Error(`${path}: ${String(answer?.status)} ${String(answer?.text)}`);
    const { entry = [], link } = JSON.parse(answer.text) as Page; // a search answers a Bundle
    for (const { resource } of entry) {
      const number = resource.identifier?.find(({ value }) => value?.startsWith('R-') === true)?.value;
      if (resource.resourceType === 'ServiceRequest' && number !== undefined)
        found.set(number, (found.get(number) ?? 0) + 1);
    }
    const next = link.find(({ relation }) => relation === 'next')?.url;
    path = next?.slice(next.indexOf('/Task?')) ?? '';
  }
  return found;
}

interface Page {
  readonly entry?: readonly {
    readonly resource: {
      readonly resourceType: string;
      readonly identifier?: readonly { readonly value?: string }[];
    };
  }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

const NOTIFIED_WITHIN_MS = 60_000;

/** How often each word came about each mail, once there is every word about every mail, or it takes too long. */
async function notificationsOf(
  { office, parties: { partner } }: Scene,
  letters: Letters,
): Promise<ReadonlyMap<string, number>> {
  const told = new Map<string, number>();
  let read = 0;
  for (const end = Date.now() + NOTIFIED_WITHIN_MS; Date.now() < end;) {
    for (const { bytes } of office.kept.slice(read)) {
      read += 1;
      const { dispositions } = await openLetter(partner, bytes);
      for (const { outcome, originalMessageId = '' } of dispositions) {
        const key = `${outcome} ${originalMessageId}`;
        told.set(key, (told.get(key) ?? 0) + 1);
      }
    }
    if (told.size >= letters.size * WORDS.length) break;
    await pause(100);
  }
  return told;
}
