/** An issuer outside the server, as in production: its keys are a file, and tokens outlive every restart. */
import { writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface Issuer {
  /** The settings by which the server trusts it. */
  readonly settings: readonly string[];
  /** @param organization the id of the caller's Organization; undefined: an administrator */
  sign(client: string, organization?: string): Promise<string>;
}

const ISSUER = 'https://issuer.example.org';
const AUDIENCE = 'https://closeloop.example.org/fhir';
const ALGORITHM = 'ES256';
const LIFETIME = '1 day';

/** @param file where the public keys are written */
export async function createIssuer(file: string): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  const key = { ...(await exportJWK(publicKey)), alg: ALGORITHM, kid: 'durability', use: 'sig' };
  writeFileSync(file, JSON.stringify({ keys: [key] }));
  return {
    settings: ['--issuer', ISSUER, '--audience', AUDIENCE, '--jwks-file', file],
    sign: (client, organization) =>
      new SignJWT({
        client_id: client,
        ...(organization === undefined
          ? { scope: 'system/*.cruds closeloop/admin' }
          : { scope: 'system/*.cruds', organization: `Organization/${organization}` }),
      })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: 'durability' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(client)
        .setIssuedAt()
        .setExpirationTime(LIFETIME)
        .sign(privateKey),
  };
}
