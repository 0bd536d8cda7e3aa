/** An authenticator of WebAuthn in software: it makes ES256 passkeys and proves them, and can be told to lie. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** How an answer differs from what it should be. */
export interface Lies {
  readonly origin?: string;
  readonly domain?: string;
  readonly challenge?: string;
  /** Whether the person was verified. Default: yes. */
  readonly verified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string;
}

export interface SoftwareAuthenticator {
  /** The answer to options of a registration, as the browser sends it. */
  register(options: object, lies?: Lies): string;
  /** The answer to options of an authentication, by the passkey that was made last. */
  authenticate(options: object, lies?: Lies): string;
  /** Counts up with each use; 0 for ever where `counts` is not set. */
  counter: number;
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
}

export function createSoftwareAuthenticator({
  origin,
  counts = true,
  synced = false,
}: {
  readonly origin: string;
  readonly counts?: boolean;
  readonly synced?: boolean;
}): SoftwareAuthenticator {
  let made: { readonly id: Buffer; readonly key: KeyObject; readonly user: string } | undefined;

  const authData = (domain: string, lies: Lies, more: Buffer = Buffer.alloc(0)): Buffer => {
    const flags =
      UP | (lies.verified === false ? 0 : UV) | (synced ? BE | BS : 0) | (more.length === 0 ? 0 : AT);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(lies.counter ?? self.counter);
    return Buffer.concat([sha256(lies.domain ?? domain), Buffer.of(flags), counter, more]);
  };
  const client = (type: string, challenge: string, lies: Lies): Buffer =>
    Buffer.from(
      JSON.stringify({
        type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? origin,
        crossOrigin: false,
      }),
    );

  const self: SoftwareAuthenticator = {
    counter: 0,
    register(options, lies = {}) {
      const { challenge, rp, user } = options as CreationOptions;
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      made = { id: randomBytes(32), key: privateKey, user: user.id };
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const cose = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ]);
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, made.id.length), made.id, cose]);
      const auth = authData(rp.id, lies, attested);
      // {"fmt": "none", "attStmt": {}, "authData": h'…'}
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
        Buffer.of(0x59, auth.length >> 8, auth.length & 255),
        auth,
      ]);
      return answer(made.id, {
        clientDataJSON: client('webauthn.create', challenge, lies).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      });
    },
    authenticate(options, lies = {}) {
      const { challenge, rpId } = options as RequestOptions;
      if (made === undefined) throw new Error('there is no passkey');
      if (counts) self.counter += 1;
      const auth = authData(rpId, lies);
      const said = client('webauthn.get', challenge, lies);
      const signature = sign('sha256', Buffer.concat([auth, sha256(said)]), made.key);
      return answer(made.id, {
        clientDataJSON: said.toString('base64url'),
        authenticatorData: auth.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: lies.userHandle ?? made.user,
      });
    },
  };
  return self;
}

const UP = 0x01;
const UV = 0x04;
const BE = 0x08;
const BS = 0x10;
const AT = 0x40;

const sha256 = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();

const answer = (id: Buffer, response: object): string =>
  JSON.stringify({
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
    clientExtensionResults: {},
    response,
  });
