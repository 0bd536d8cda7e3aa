/** What can be wrong with a package, and what follows from it (direct-xdm 7, 11; 360x 5, 8). */

/** `reject`: nothing of it is used, and its sender is told. `quarantine`: it is kept, and a person is asked. */
type Weight = 'reject' | 'quarantine';

const reject = (says: string): { readonly weight: Weight; readonly says: string } => ({
  weight: 'reject',
  says,
});
const quarantine = (says: string): { readonly weight: Weight; readonly says: string } => ({
  weight: 'quarantine',
  says,
});

// prettier-ignore
export const PACKAGE_FAULTS = {
  'not-a-package':       reject('the file is no zip archive that can be read'),
  'too-large':           reject('the archive is larger than is taken, or what is in it is'),
  'too-many-files':      reject('the archive holds more files than are taken'),
  'unsafe-name':         reject('a name in the archive leads out of it, or is no name of a file'),
  'unsafe-file':         reject('the archive holds something that is neither a file nor a folder'),
  'duplicate-name':      reject('two files of the archive have one name'),
  'encrypted':           reject('the archive is encrypted'),
  'inconsistent':        reject('the archive contradicts itself'),
  'compression-unknown': reject('a file of the archive is compressed in a way that is not taken'),
  'no-metadata':         reject('there is no METADATA.XML in the archive'),
  'metadata-unreadable': reject('METADATA.XML cannot be read'),
  'no-submission-set':   reject('METADATA.XML holds no submission set, or none that has an id'),
  'file-missing':        reject('a document of the metadata is not in the archive'),
  'size-differs':        reject('a document does not have the size that the metadata says'),
  'hash-differs':        reject('a document does not have the hash that the metadata says'),
  'several-sets':        quarantine('the archive holds several submission sets, and not exactly one of them is about a referral'),
  'hash-missing':        quarantine('the metadata gives no hash for a document'),
  'size-missing':        quarantine('the metadata gives no size for a document'),
  'referral-differs':    quarantine('the documents and the submission set do not name one referral'),
  'patient-differs':     quarantine('the documents and the submission set do not name one patient'),
} as const satisfies Readonly<Record<string, { readonly weight: Weight; readonly says: string }>>;

export type PackageFaultCode = keyof typeof PACKAGE_FAULTS;

/** A row of {@link PACKAGE_FAULTS}. Nothing of the package stands in it, so it may be logged and sent. */
export interface PackageFault {
  readonly code: PackageFaultCode;
  readonly weight: Weight;
  readonly says: string;
}

export const packageFault = (code: PackageFaultCode): PackageFault => ({ code, ...PACKAGE_FAULTS[code] });
