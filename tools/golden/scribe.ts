/** Writes down what a golden run saw, so that two runs of one behaviour are equal to the byte. */
import type { Demonstration, Received } from './demonstration.ts';

export interface Scribe {
  chapter(title: string): void;
  say(line: string): void;
  /** An answer as `curl -i` prints it, or an acknowledgment. */
  answer(text: string): void;
  /** Messages that came in beside each other: written in an order of their own. */
  received(messages: readonly Received[]): void;
  text(): string;
  counts(): string;
}

/** Headers whose values are of one run, or of the way the answer came. */
const OF_ONE_RUN = /^(date|content-length|connection|keep-alive|transfer-encoding|traceparent): .*\n/gim;

/** What a run makes anew, each with the name that stands for it. Equal values have equal names. */
const MADE: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['time', /\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?:(?::|%3A)\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g],
  ['time', /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g],
  ['ts', /\b20(?!25)\d{12}(?:\.\d+)?(?:[+-]\d{4})?/g],
  ['cursor', /(?<=[?&](?:_cursor|_page|_from|_token)=)[\w.~%-]+/g],
];
type Kind = 'id' | 'hash' | 'number' | 'control' | 'version';
const NUMBERED: readonly (readonly [kind: Kind, pattern: RegExp])[] = [
  ['id', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi],
  ['hash', /\b[0-9a-f]{32,64}\b/g],
  ['number', /\bCL-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b/g],
  ['control', /(?<=\|)(?:CL\d+-\d+|A[0-9a-z]{11,})(?=\|)/g],
  // A version is the number of its commit, and deliveries commit beside the requests.
  ['version', /(?<=W\/\\?"|_history\/|"step-|"versionId": ?"|<versionId value=")\d+/g],
];

export function createScribe({ told }: Pick<Demonstration, 'told'>): Scribe {
  const written: string[] = [];
  const names: Record<Kind, string[]> = { id: [], hash: [], number: [], control: [], version: [] };
  const counts = { answers: 0, messages: 0 };
  const engines = Object.values(told.links).map(({ receivingPort }) => receivingPort);
  const ports = [new URL(told.base).port, told.mllp.port, ...engines];

  const plain = (text: string): string => {
    let said = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll(OF_ONE_RUN, '');
    for (const port of ports) said = said.replaceAll(`:${port}`, ':{port}');
    for (const [name, pattern] of MADE) said = said.replaceAll(pattern, `{${name}}`);
    return said.trimEnd();
  };
  const numbered = (text: string): string => {
    let said = text;
    for (const [kind, pattern] of NUMBERED) {
      said = said.replaceAll(pattern, (value) => {
        const known = names[kind].indexOf(value);
        return `{${kind} ${known < 0 ? names[kind].push(value) : known + 1}}`;
      });
    }
    return said;
  };
  const masked = (text: string): string =>
    NUMBERED.reduce((said, [, pattern]) => said.replaceAll(pattern, '{}'), text);

  return {
    chapter: (title) => written.push(`\n== ${title}\n`),
    say: (line) => written.push(line),
    answer(text) {
      counts.answers += 1;
      written.push(`${numbered(plain(text))}\n`);
    },
    received(messages) {
      counts.messages += messages.length;
      const texts = messages.map(({ side, text }) => `< ${side} is sent\n${plain(text)}\n`);
      const inOrder = texts.toSorted((a, b) => (masked(a) < masked(b) ? -1 : 1));
      for (const text of inOrder) written.push(numbered(text));
    },
    text: () => `${written.join('\n')}\n`,
    counts: () => `${counts.answers} answers, ${counts.messages} messages delivered`,
  };
}
