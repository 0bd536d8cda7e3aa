/** What answers of other servers say: the claims of a login, and how an EHR describes itself. */
import type { ServerMetadata } from 'openid-client';
import type { Claims } from '../../identity/external.ts';
import { OutsideRefused, type OutsideLogin } from '../../ports/sign-on.ts';
import { claimText } from '../claims.ts';

const WORDS_MAX = 50;

/**
 * What is read of verified claims.
 *
 * @throws OutsideRefused `invalid`: they name nobody
 */
export function readAnswer(
  claims: Claims,
): Pick<OutsideLogin, 'issuer' | 'subject' | 'user' | 'claims' | 'proof' | 'session'> {
  const [issuer, subject] = [claimText(claims['iss']), claimText(claims['sub'])];
  if (issuer === undefined || subject === undefined || subject.length > 255)
    throw new OutsideRefused('invalid', 'the answer names nobody');
  const { auth_time: time, amr, acr, sid, fhirUser } = claims;
  return {
    issuer,
    subject,
    user: claimText(fhirUser),
    claims,
    session: claimText(sid),
    proof: {
      methods: Array.isArray(amr) ? amr.filter((word) => typeof word === 'string').slice(0, WORDS_MAX) : [],
      level: claimText(acr),
      authenticatedAt: typeof time === 'number' && Number.isFinite(time) ? time * 1000 : undefined,
    },
  };
}

/**
 * How an EHR describes its authorization server (SMART App Launch 2.2, `.well-known/smart-configuration`).
 *
 * @param base its FHIR base
 * @param fetchJson asks for a document of the EHR
 * @throws OutsideRefused when it describes none that gives id_tokens
 */
export async function readSmartServer(
  base: string,
  fetchJson: (url: string) => Promise<unknown>,
): Promise<ServerMetadata> {
  const told = (await fetchJson(`${base.replace(/\/$/, '')}/.well-known/smart-configuration`)) as Claims; // any JSON
  const [issuer, authorize, token, keys] = [
    'issuer',
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
  ].map((name) => claimText(told[name]));
  if (issuer === undefined || authorize === undefined || token === undefined || keys === undefined)
    throw new OutsideRefused('invalid', 'the EHR describes no server that gives id_tokens');
  return { issuer, authorization_endpoint: authorize, token_endpoint: token, jwks_uri: keys };
}
