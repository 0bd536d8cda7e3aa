/**
 * Administers the store of a stopped server.
 *
 *     npm run admin -- import FILE [--custodian Organization/ID] [--data-dir DIR …]
 *     npm run admin -- reindex [--data-dir DIR …]
 *     npm run admin -- relabel [--data-dir DIR …]
 *     npm run admin -- move --to mongodb [--mongodb-uri URI --mongodb-database NAME --data-dir DIR …]
 *     npm run admin -- move --to folder DIR [--mongodb-uri URI --mongodb-database NAME --data-dir DIR …]
 *     npm run admin -- member add Organization/ID … [--data-dir DIR …]
 *     npm run admin -- member remove Organization/ID [--successor Organization/ID] [--data-dir DIR …]
 *     npm run admin -- register list [--data-dir DIR …]
 *     npm run admin -- register verify SYSTEM VALUE Organization/ID [--move] [--entity-type 1|2] [--data-dir DIR …]
 *     npm run admin -- register expire SYSTEM VALUE [--data-dir DIR …]
 *     npm run admin -- register replace SYSTEM VALUE NEW-VALUE [--data-dir DIR …]
 *     npm run admin -- direct import-key OWNER CERTIFICATE-FILE KEY-FILE --direct-keys DIR [--data-dir DIR …]
 *     npm run admin -- direct import-anchor OWNER FILE [--direction in|out|both] [--data-dir DIR …]
 *     npm run admin -- direct import-intermediate OWNER FILE [--data-dir DIR …]
 *     npm run admin -- direct import-certificate ADDRESS FILE [--data-dir DIR …]
 *     npm run admin -- direct add-bundle OWNER URL [--signer FILE] [--direction in|out|both] [--data-dir DIR …]
 *     npm run admin -- direct list [--data-dir DIR …]
 *     npm run admin -- direct remove key|anchor|intermediate OWNER FINGERPRINT [--data-dir DIR …]
 *     npm run admin -- direct remove bundle OWNER URL [--data-dir DIR …]
 *     npm run admin -- direct remove certificate ADDRESS [--data-dir DIR …]
 *     npm run admin -- direct show-dns-record OWNER [--data-dir DIR …]
 *     npm run admin -- sign-on list [--data-dir DIR …]
 *     npm run admin -- sign-on put FILE [--data-dir DIR …]
 *     npm run admin -- sign-on remove PROVIDER [--data-dir DIR …]
 *     npm run admin -- verify-endpoint Endpoint/ID [--data-dir DIR …]
 *     npm run admin -- users create-first LOGIN [--name NAME] [--data-dir DIR …]
 *     npm run admin -- users invite LOGIN --organization Organization/ID --roles ROLE,… [--name NAME] [--data-dir DIR …]
 *     npm run admin -- users invite LOGIN [--link Patient/ID] [--name NAME] [--data-dir DIR …]
 *     npm run admin -- users list [--organization Organization/ID] [--data-dir DIR …]
 *     npm run admin -- users suspend|reactivate|deactivate|invite-again|reset LOGIN [--data-dir DIR …]
 *     npm run admin -- users role add|remove LOGIN ROLE [--organization Organization/ID] [--data-dir DIR …]
 *     npm run admin -- users review [--organization Organization/ID] [--data-dir DIR …]
 *     npm run admin -- clients list [--data-dir DIR …]
 *     npm run admin -- clients register FILE [--organization Organization/ID] [--data-dir DIR …]
 *     npm run admin -- clients invite SCOPE … [--organization Organization/ID] [--data-dir DIR …]
 *     npm run admin -- clients approve|suspend ID [--data-dir DIR …]
 *     npm run admin -- keys rotate [--data-dir DIR …]
 *
 * FILE is a Bundle, a JSON list of resources, or NDJSON. It holds the first Organizations, roles and endpoints, and
 * referrals that run already, in their present state. A resource keeps its id; one without an id gets an id made from its
 * content, so that importing the same file again changes nothing. The import is one commit with one audit row for each
 * resource; when a resource is refused, nothing is written.
 *
 * A clinical resource names its custodian by the extension https://closeloop.dev/fhir/StructureDefinition/custodian in
 * meta; `--custodian` names it for the others. A clinical resource that the store has already stays as it is.
 *
 * `reindex` computes the search values of all versions anew. Run it after an upgrade whose log asks for it; you may stop
 * it and run it again.
 *
 * `relabel` labels every stored resource by the tables of this program: it adds the security labels that the tables ask for
 * now. What left without them opens a work item of kind incident for its keeper. The server does the same by itself within a
 * day of its first start with other tables.
 *
 * `move --to mongodb` moves the data folder into an empty database (MONGODB_URI, better than a flag that others can read);
 * the folder is the node's read model from then on. `move --to folder` moves the database into DIR, a new folder, by way of
 * the read model in the data folder, which it makes if there is none; then no node starts on the database any more. Both
 * verify the audit chain, on both sides. A move that was cut off goes on when the same command is run again. Until its end, a
 * store that moves into a database is the one in the folder; one that moves into DIR is the one in the database, and no
 * server starts on DIR.
 *
 * `member add` gives organizations of the directory an account. `member remove` takes it away; the successor acts from
 * then on in the open referrals that the organization has sent. `register verify` records whose an identifier is; --move
 * takes it from another organization. A Practitioner/ID has a register of its own. `register expire` ends an identifier:
 * it addresses nobody. `register replace` replaces one; the old identifier leads to the new one's holder for a year.
 *
 * `direct` settles trust in Direct mail. OWNER is an address or a domain; files of certificates are PEM or DER.
 * `import-key` takes a certificate, with the authorities between it and its anchor in the same file, and copies its private
 * key into the folder of keys (mode 0600). The keys before it stay, and decrypt late mail. `import-anchor` says whom the
 * owner trusts: who writes to it (in), to whom it writes (out), or both. An address with anchors of its own does not
 * trust those of its domain. `add-bundle` trusts the anchors of a file that the server fetches every day; --signer names
 * the certificate of who signs it. `import-certificate` puts the certificate of a recipient into the address book.
 * `show-dns-record` prints the lines for the zone of the domain, by which others find the certificate: in the form that
 * every name server takes, and as CERT.
 *
 * `sign-on put` puts the provider of an organization's logins on record, or changes it: FILE is JSON with the members of
 * docs/reference/sign-on.md, `key` its name in addresses, and `secret` where one is shared. A key of this server's own is made
 * where the credential is private_key_jwt.
 *
 * `verify-endpoint` says that the Direct address of an Endpoint is that of the organization it names: only then is anything
 * about a patient sent there. Make sure by a way that the address itself does not name.
 *
 * `users` settles accounts; LOGIN is an e-mail address, or an account's id. `create-first` invites the administrator of an
 * installation in which nobody has an account. `invite` without --organization and --link invites another administrator of
 * the installation. Each prints a link, once, by which the person enrols within 72 hours; with some roles also a code that
 * is told by another way. `reset` takes away all factors of somebody who lost them. `deactivate` is the end of an account.
 * `review` prints who holds which role, as CSV.
 *
 * `clients` settles which apps and machines may ask for tokens. FILE holds metadata of a client as JSON (RFC 7591); what is
 * registered is printed, a secret once. `invite` prints a one-time token by which one client registers itself within these
 * scopes. `approve` lets a client in, a machine for a year; `suspend` shuts it out, and its tokens end. `keys rotate` makes
 * the next keys that id_tokens are signed with.
 */
import { readConfig, type Config } from '../src/server/config.ts';
import { valuesOf } from '../src/operations/values.ts';
import { reindexFolder } from '../src/stores/embedded/folder/reindex.ts';
import { moveStore } from './admin/move.ts';
import { administerParties } from './admin/parties.ts';
import { organizationOf } from './admin/words.ts';
import { EXIT, runCommand, UsageError } from './command.ts';

/** Organizations that one call adds at most, and the words before them. */
const OPERANDS_MAX = 1002;

/** Versions between two lines about how far a reindexing is. */
const PROGRESS = 10_000;

await runCommand(import.meta.filename, {
  flags: {
    custodian: { type: 'string' },
    move: { type: 'boolean', default: false },
    'entity-type': { type: 'string' },
    successor: { type: 'string' },
    direction: { type: 'string' },
    signer: { type: 'string' },
    organization: { type: 'string' },
    roles: { type: 'string' },
    name: { type: 'string' },
    link: { type: 'string' },
    to: { type: 'string' },
  },
  takesSettings: true,
  operandsMax: OPERANDS_MAX,
  run: async ({ operands, settings, values }) => {
    const { custodian, move, 'entity-type': entityType, successor, to, direction, signer } = values;
    const config = () => readConfig(settings, process.env, 'command');
    const [name = '', file, ...more] = operands;
    if (name === 'member' || name === 'register' || name === 'verify-endpoint') {
      await administerParties({ words: operands, move, entityType, successor, config: config() });
      return EXIT.done;
    }
    if (name === 'users') {
      const { administerUsers } = await import('./admin/users.ts');
      const { organization, roles, name: called, link } = values;
      const words = operands.slice(1);
      await administerUsers({
        words,
        organization,
        roles,
        name: called,
        link,
        config: config(),
        print: console.log,
      });
      return EXIT.done;
    }
    if (name === 'sign-on') {
      const { administerSignOn } = await import('./admin/sign-on.ts');
      await administerSignOn({ words: operands.slice(1), config: config(), print: console.log });
      return EXIT.done;
    }
    if (name === 'clients' || name === 'keys') {
      const { administerClients } = await import('./admin/clients.ts');
      const { organization } = values;
      await administerClients({ words: operands, organization, config: config(), print: console.log });
      return EXIT.done;
    }
    if (name === 'direct') {
      const { administerDirect } = await import('./admin/direct.ts');
      await administerDirect({
        words: operands.slice(1),
        direction,
        signer,
        config: config(),
        print: console.log,
      });
      return EXIT.done;
    }
    if (more[0] !== undefined) throw new UsageError(`"${more[0]}" is one argument too many.`);
    if (name === 'move') await moveStore(config(), readTarget(to, file));
    else if (name === 'import' && file !== undefined)
      await startImport(file, organizationOf(custodian, '--custodian'), config());
    else if (name === 'reindex' && file === undefined) reindex(config());
    else if (name === 'relabel' && file === undefined) await startRelabel(config());
    else
      throw new UsageError(
        'import FILE, reindex, relabel, move, member, register, direct, verify-endpoint, users, clients, keys or sign-on is expected.',
      );
    return EXIT.done;
  },
});

/** The folder to move into; undefined: a database. */
function readTarget(to: string | undefined, folder: string | undefined): string | undefined {
  if (to === 'mongodb' && folder === undefined) return undefined;
  if (to === 'folder' && folder !== undefined) return folder;
  throw new UsageError('move --to mongodb or move --to folder DIR is expected.');
}

/** Loads the whole engine, which the other commands do not need. */
async function startImport(file: string, custodian: string | undefined, config: Config): Promise<void> {
  const { importFile } = await import('./admin/import.ts');
  await importFile(file, custodian, config);
}

async function startRelabel(config: Config): Promise<void> {
  const { relabelStore } = await import('./admin/relabel.ts');
  await relabelStore(config);
}

function reindex({ dataDir: folder }: Config): void {
  const onStep = (versions: number): void => {
    if (versions % PROGRESS === 0) console.error(`${versions} versions`);
  };
  console.log(`${reindexFolder({ folder, valuesOf, onStep })} versions reindexed`);
}
