/**
 * The pages of the demonstration for people, beside the API: the start page at `/`, and the example application below
 * `/status-app/`. They are shown on this machine alone, because the start page says how to sign in.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { createSecurityHeaders } from '../../src/http/security-headers.ts';
import { isLoopbackHost } from '../../src/resources/public-address.ts';
import { codesNow } from './users.ts';
import { startPage } from './start-page.ts';
import type { World } from './world.ts';

/** Answers a request that is for a page; false: it is for the API. */
export type DemoPages = (req: IncomingMessage, res: ServerResponse) => boolean;

const STATUS_APP = new URL('../../examples/status-app/', import.meta.url);
const START_PAGE = new URL('start-page/', import.meta.url);

const FILES: Readonly<Record<string, URL>> = {
  '/status-app/': new URL('index.html', STATUS_APP),
  '/status-app/app.js': new URL('app.js', STATUS_APP),
  '/status-app/smart.js': new URL('smart.js', STATUS_APP),
  '/status-app/style.css': new URL('style.css', STATUS_APP),
  '/status-app/icon.svg': new URL('icon.svg', STATUS_APP),
  '/favicon.ico': new URL('icon.svg', STATUS_APP),
  '/start/start.css': new URL('start.css', START_PAGE),
  '/start/start.js': new URL('start.js', START_PAGE),
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

/** A page loads what this server serves, and nothing written into it runs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = { ...createSecurityHeaders(false), 'Content-Security-Policy': POLICY };

export function createDemoPages(world: Pick<World, 'base' | 'users'>): DemoPages {
  const origin = new URL(world.base).origin;
  const made: Readonly<Record<string, () => string>> = {
    '/': () => startPage(world, Date.now()),
    '/start/codes.json': () => JSON.stringify(codesNow(world.users, Date.now())),
  };
  return (req, res) => {
    const { method, url = '/' } = req;
    const [path = '/'] = url.split('?');
    const file = FILES[path];
    const make = path === '/' && !wantsHtml(req) ? undefined : made[path];
    if ((file === undefined && make === undefined) || !(method === 'GET' || method === 'HEAD')) return false;
    if (!isAskedHere(req)) return false;
    if (`http://${req.headers.host ?? ''}` !== origin) {
      res.writeHead(307, { ...HEADERS, Location: `${origin}${url}` }).end();
      return true;
    }
    const text = make?.() ?? readFileSync(file ?? START_PAGE);
    const type = TYPES[extname(file?.pathname ?? path)] ?? TYPES['.html'];
    res.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
    res.end(method === 'HEAD' ? undefined : text);
    return true;
  };
}

/** Whether a browser asks. A client of the API that takes anything is answered as it is without pages. */
const wantsHtml = ({ headers }: IncomingMessage): boolean => /\btext\/html\b/.test(headers.accept ?? '');

/** From this machine, by a name of this machine (a page elsewhere may have its own name lead here), and by no proxy. */
function isAskedHere({ socket, headers }: IncomingMessage): boolean {
  const name = URL.parse(`http://${headers.host ?? ''}`)?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  const isForwarded = FORWARDING.some((header) => headers[header] !== undefined);
  return (
    isLoopbackHost(socket.remoteAddress?.replace('::ffff:', '') ?? '') && isLoopbackHost(name) && !isForwarded
  );
}

const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];
