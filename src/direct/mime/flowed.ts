/** Text whose lines a mail program broke, and a reader joins again: `format=flowed` (RFC 3676, 4). */

/** @param joins whether the blank that marks a broken line was not in the text (`delsp=yes`) */
export function unflow(text: string, joins: boolean): string {
  const paragraphs: { depth: number; lines: string[]; isOpen: boolean }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    const content = line.slice(depth).replace(/^ /, '');
    const flows = content.endsWith(' ') && content !== '-- ';
    const piece = flows && joins ? content.slice(0, -1) : content;
    const last = paragraphs.at(-1);
    if (last?.isOpen === true && last.depth === depth && content !== '-- ') {
      last.lines.push(piece);
      last.isOpen = flows;
    } else paragraphs.push({ depth, lines: [piece], isOpen: flows });
  }
  return paragraphs
    .map(({ depth, lines }) => `${depth === 0 ? '' : `${'>'.repeat(depth)} `}${lines.join('')}`)
    .join('\n');
}
