/**
 * Chromium for tests, driven by its own protocol (CDP) over the WebSocket of Node: no driver package. Each browser has
 * a profile of its own, which goes when it is closed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** The program, as Debian names it. */
export const BROWSER = 'chromium';

interface Look {
  readonly width: number;
  /** Default: 800. */
  readonly height?: number;
  readonly dark?: boolean;
  /** Dots of the screen for one of the page, in each direction. Default: 1. */
  readonly scale?: number;
}

/** A window of the browser. */
export interface BrowserPage {
  /** Loads an address, and waits until it has loaded. */
  goto(url: string): Promise<void>;
  /** Clicks on the first element that matches, and waits until the page that follows has loaded. */
  submit(selector: string): Promise<void>;
  /** Clicks without waiting for another page. */
  click(selector: string): Promise<void>;
  /** Types into a field, as a person would. */
  fill(selector: string, text: string): Promise<void>;
  /** Presses a key that moves the focus. */
  press(key: 'Tab' | 'Enter'): Promise<void>;
  /** Waits until an expression of the page is true. */
  until(expression: string): Promise<void>;
  /** The value of an expression of the page. */
  value<T>(expression: string): Promise<T>;
  /** What the page says, as it is shown. */
  text(): Promise<string>;
  address(): Promise<string>;
  /** How the page is looked at. */
  look(look: Look): Promise<void>;
  /** What axe-core finds by WCAG 2.2 A and AA and by good practice, one line for each element. */
  violations(): Promise<readonly string[]>;
  /** A device for passkeys, which says yes and verifies its person. */
  addAuthenticator(): Promise<void>;
  /** A picture of the whole page, or of what the window shows, as PNG. */
  picture(part?: 'page' | 'window'): Promise<Buffer>;
  /** What the browser has complained about: refused by a policy, failed to load, thrown by a script. */
  readonly complaints: readonly string[];
}

export interface Browser {
  open(): Promise<BrowserPage>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

const PATIENCE_MS = 20_000;
const GLANCE_MS = 25;

export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'closeloop-browser-'));
  const child = spawn(
    BROWSER,
    [
      '--headless=new',
      '--no-sandbox',
      '--no-first-run',
      '--disable-gpu',
      '--hide-scrollbars',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /DevTools listening on (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the browser ended: ${said}`)));
  });
  const wire = await connect(address);
  return {
    async open() {
      const { targetId } = await wire.send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await wire.send('Target.attachToTarget', { targetId, flatten: true });
      return openPage(wire, String(sessionId));
    },
    async close() {
      wire.close();
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Send = (
  method: string,
  params?: object,
  sessionId?: string,
) => Promise<Readonly<Record<string, unknown>>>;

interface Wire {
  readonly send: Send;
  readonly listen: (sessionId: string, heard: (message: Message) => void) => void;
  readonly close: () => void;
}

async function connect(address: string): Promise<Wire> {
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error('the browser does not listen')), { once: true });
  });
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, (message: Message) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message; // of the protocol
    if (message.id === undefined) {
      listeners.get(message.sessionId ?? '')?.(message);
      return;
    }
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  return {
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, ({ result = {}, error }) =>
          error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
        );
        socket.send(JSON.stringify({ id: last, method, params, ...(sessionId && { sessionId }) }));
      }),
    listen: (sessionId, heard) => listeners.set(sessionId, heard),
    close: () => socket.close(),
  };
}

async function openPage(wire: Wire, sessionId: string): Promise<BrowserPage> {
  const send = (method: string, params?: object) => wire.send(method, params, sessionId);
  const complaints: string[] = [];
  let loads = 0;
  wire.listen(sessionId, ({ method, params }) => {
    if (method === 'Page.loadEventFired') loads += 1;
    const complaint = complaintOf(method, params);
    if (complaint !== undefined) complaints.push(complaint);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);

  const value: BrowserPage['value'] = async (expression) => {
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as {
      readonly result: { readonly value: never };
      readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
    };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? 'threw'}`);
  };
  const patiently = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
    for (let waited = 0; waited < PATIENCE_MS; waited += GLANCE_MS) {
      if (await done()) return;
      await setTimeout(GLANCE_MS);
    }
    throw new Error(`${what}: not within ${PATIENCE_MS} ms; ${complaints.join('; ')}`);
  };
  const settled = (expression: string) => value<boolean>(expression).catch(() => false);
  const loadedAfter = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const before = loads;
    await act();
    await patiently(what, () => loads > before);
  };
  const click = (selector: string) =>
    value<void>(`document.querySelector(${JSON.stringify(selector)}).click()`);

  return {
    complaints,
    value,
    click,
    goto: (url) => loadedAfter(url, () => send('Page.navigate', { url })),
    submit: (selector) => loadedAfter(selector, () => click(selector)),
    async fill(selector, text) {
      await value(
        `{ const field = document.querySelector(${JSON.stringify(selector)}); field.value = ''; field.focus(); }`,
      );
      await send('Input.insertText', { text });
    },
    async press(key) {
      const one = { key, code: key, windowsVirtualKeyCode: key === 'Tab' ? 9 : 13 };
      await send('Input.dispatchKeyEvent', {
        type: 'keyDown',
        ...one,
        ...(key === 'Enter' && { text: '\r' }),
      });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...one });
    },
    until: (expression) => patiently(expression, () => settled(expression)),
    text: () => value('document.body.innerText'),
    address: () => value('location.href'),
    async look({ width, height = 800, dark = false, scale = 1 }) {
      const mobile = width < 600;
      const metrics = { width, height, deviceScaleFactor: scale, mobile };
      await send('Emulation.setDeviceMetricsOverride', metrics);
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
      await send('Emulation.setEmulatedMedia', { features });
    },
    async violations() {
      const { default: axe } = await import('axe-core');
      await send('Runtime.evaluate', { expression: axe.source });
      return value(`axe.run({ runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
          id + ' ' + target.join(' ') + ' ' + failureSummary)))`);
    },
    async addAuthenticator() {
      await send('WebAuthn.enable');
      await send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
    },
    async picture(part = 'page') {
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: part === 'page' });
      return Buffer.from(String(data), 'base64');
    },
  };
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

function complaintOf(method?: string, params: Readonly<Record<string, unknown>> = {}): string | undefined {
  if (method === 'Log.entryAdded') {
    const { level, text, url } = params['entry'] as { level: string; text: string; url?: string };
    return level === 'error' ? `${text} (${url ?? ''})` : undefined;
  }
  return method === 'Runtime.exceptionThrown' ? JSON.stringify(params['exceptionDetails']) : undefined;
}
