/** The apps that the README shows. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const README = readFileSync(resolve(import.meta.dirname, '../../../README.md'), 'utf8');

/** The block of its chapter in this language: `html` is an app in a browser, `js` a service. */
export function readmeApp(language: 'html' | 'js'): string {
  const [, chapter = ''] = /## Sign in an app of your own\n([\s\S]*?)\n## /.exec(README) ?? [];
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(chapter)?.[1] ?? '';
}
