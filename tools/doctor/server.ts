/**
 * Doctor's check of the server itself: whether one answers where the settings put it, with the certificate that they
 * name.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';

const ASK_TIMEOUT_MS = 2000;
const EXPIRY_DAYS = 30;
const DAY_MS = 86_400_000;

interface Answer {
  readonly status: number;
  /** SHA-256 of the certificate that was shown; undefined without TLS. */
  readonly fingerprint: string | undefined;
}

/** A stopped server is no fault; one that answers badly is. */
export async function examineServer(config: Config): Promise<readonly Finding[]> {
  const { host, port, tlsCert } = config;
  const certificate = tlsCert === undefined ? undefined : new X509Certificate(readFileSync(tlsCert));
  const scheme = certificate === undefined ? 'http' : 'https';
  const url = `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}/health/ready`;
  const expiry = certificate === undefined ? [] : [examineExpiry(certificate, tlsCert ?? '')];
  let answer: Answer;
  try {
    answer = await ask(url);
  } catch (error) {
    return [...expiry, explain(url, error)];
  }
  const ok = answer.status === 200;
  const answers = { ok, says: `${url} answers ${answer.status}${ok ? '' : ' → see its log'}` };
  const shown = certificate === undefined || certificate.fingerprint256 === answer.fingerprint;
  const stale = {
    ok: false,
    says: `${url} does not show the certificate of ${tlsCert} → send the server SIGHUP, which reads it again`,
  };
  return [...expiry, answers, ...(shown ? [] : [stale])];
}

/** The certificate is compared with the configured file, so no authority needs to vouch for it here. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answered = (res: IncomingMessage): void => {
      res.resume();
      const { fingerprint256 } = (res.socket as Partial<TLSSocket>).getPeerCertificate?.() ?? {};
      resolve({ status: res.statusCode ?? 0, fingerprint: fingerprint256 });
    };
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const asked = url.startsWith('https:')
      ? getSecure(url, { signal, rejectUnauthorized: false, agent: false }, answered)
      : getPlain(url, { signal, agent: false }, answered);
    asked.once('error', reject);
  });
}

function explain(url: string, error: unknown): Finding {
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  if (code === 'ECONNREFUSED') return { ok: true, says: `no server answers at ${url}: it is stopped` };
  const why = name === 'AbortError' ? `no answer within ${ASK_TIMEOUT_MS / 1000} s` : (code ?? String(error));
  return {
    ok: false,
    says: `${url} is taken, but not by this server (${why}) → see which program has the port`,
  };
}

function examineExpiry(certificate: X509Certificate, file: string): Finding {
  const days = Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY_MS);
  const says = `the certificate ${file} is valid until ${certificate.validTo}`;
  if (days < 0) return { ok: false, says: `${says} → renew it, then send the server SIGHUP` };
  return days < EXPIRY_DAYS ? { ok: true, warning: true, says: `${says} → renew it` } : { ok: true, says };
}
