/** A key of this server by which it proves to one provider, or to one EHR, who it is: ES384 (smart SM-82). */
import { generateKeyPairSync, randomUUID } from 'node:crypto';

interface ProviderKey {
  /** The private half, as the text of a JWK. */
  readonly secret: string;
  readonly publicKey: Readonly<Record<string, unknown>>;
}

export function makeProviderKey(): ProviderKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const named = { kid: randomUUID(), alg: 'ES384', use: 'sig' } as const;
  return {
    secret: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...named }),
    publicKey: { ...publicKey.export({ format: 'jwk' }), ...named },
  };
}
