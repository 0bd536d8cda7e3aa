/**
 * The accounts of the demonstration: a coordinator on either side, and who keeps the installation. Nobody is invited: the
 * factors of each are made here, new at every start, and printed.
 */
import { randomBytes } from 'node:crypto';
import { accountWrite, loginTaken, membershipWrite } from '../../src/accounts/accounts.ts';
import { identityEntry } from '../../src/accounts/audit.ts';
import { credentialPlace, credentialWrite, type Credential } from '../../src/accounts/credentials.ts';
import { encodeBase32 } from '../../src/identity/base32.ts';
import { hashPassword } from '../../src/identity/password-hash.ts';
import type { Role } from '../../src/identity/roles.ts';
import { SERVER_AGENT } from '../../src/ports/audit.ts';
import { auditedCommit } from '../../src/ports/commit.ts';
import type { RecordWrite } from '../../src/ports/record.ts';
import type { Config } from '../../src/server/config.ts';
import type { Running } from '../../src/server/compose.ts';
import { openKey } from '../../src/server/key-file.ts';
import type { DemoUser } from './users.ts';
import { ORGANIZATIONS, type Side } from './organizations.ts';

interface Person {
  readonly side: Side | 'administrator';
  readonly username: string;
  readonly name: string;
  readonly role: Role;
}

const personOf = (side: Side, username: string): Person => {
  const { given = [], family = '' } = ORGANIZATIONS[side].contact;
  return { side, username, name: [...given, family].join(' '), role: 'coordinator' };
};

const PEOPLE: readonly Person[] = [
  personOf('initiator', 'ngozi@elm.example'),
  personOf('recipient', 'emi@riverside.example'),
  { side: 'administrator', username: 'admin@demo.example', name: 'Demo Administrator', role: 'sys-admin' },
];

const SECRET_BYTES = 20;
const REQUEST = 'demo';

/** Makes the accounts, and gives each its factors anew. */
export async function makePeople(
  { store }: Pick<Running, 'store'>,
  config: Config,
): Promise<readonly DemoUser[]> {
  const opened = await openKey(config, store, process.env);
  if (opened.seal === undefined) throw new Error(opened.refused.text);
  const { seal } = opened;
  const made = PEOPLE.map((person) => ({
    ...person,
    secret: randomBytes(SECRET_BYTES),
    password: newPassword(),
  }));
  const records = await Promise.all(
    made.map(async ({ secret, password, ...person }) => {
      const account = accountOf(person);
      const place = `${account}-totp`;
      const phc = await hashPassword(password, randomBytes);
      const added = { account, addedAt: Date.now() };
      return [
        ...recordsOf(person),
        factor(`${account}-password`, { kind: 'password', phc, ...added }),
        factor(place, {
          kind: 'totp',
          secret: seal.close(secret, credentialPlace(place)),
          lastStep: 0,
          ...added,
        }),
      ];
    }),
  );
  const entries = PEOPLE.map((person) =>
    identityEntry('account-changed', { actor: SERVER_AGENT, requestId: REQUEST, account: accountOf(person) }),
  );
  await store.commit(auditedCommit(entries, { records: records.flat() }));
  return made.map(({ username, password, secret, side, role }) => {
    return { username, password, totpSecret: encodeBase32(secret), side, role };
  });
}

const accountOf = ({ side }: Pick<Person, 'side'>): string => `demo-${side}`;

/** The data folder may be that of an earlier start: what it holds is replaced. */
const factor = (key: string, credential: Credential): RecordWrite => credentialWrite(key, credential, 'any');

function recordsOf({ side, username, name, role }: Person): readonly RecordWrite[] {
  const account = accountOf({ side });
  const now = Date.now();
  const since = { state: 'active', since: now, createdAt: now } as const;
  const login: RecordWrite = { ...loginTaken(username, account), expect: 'any' };
  if (side === 'administrator')
    return [
      accountWrite(account, { login: username, name, ...since, administrator: true, links: [] }, 'any'),
      login,
    ];
  const { ref: organization, practitioner, role: practitionerRole } = ORGANIZATIONS[side];
  const links = [{ ref: practitioner, custodian: organization }];
  const held = { roles: [role], rolesSince: { [role]: now }, practitionerRole, status: 'active' } as const;
  return [
    accountWrite(account, { login: username, name, ...since, administrator: false, links }, 'any'),
    login,
    membershipWrite({ account, organization, ...held }, 'any'),
  ];
}

/** Four groups of letters and digits that are told apart by everybody. */
function newPassword(): string {
  const text = encodeBase32(randomBytes(10)).toLowerCase();
  return text.match(/.{4}/g)?.join('-') ?? text;
}
