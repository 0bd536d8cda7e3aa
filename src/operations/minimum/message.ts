/**
 * What a message tells a recipient that is told by a row of the payload table: nothing that the row does not name (compliance
 * M2; harmony Z11). A community organization is told in words: of a file or a record nobody has said that it holds no more.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { messageShape } from '../../messaging/shape.ts';
import { payloadNamed } from '../../policies/payload/index.ts';
import { wordsIn } from '../../policies/payload/trim.ts';
import { valuesAt } from '../../resources/element.ts';
import type { Draft } from '../write/draft.ts';

/** @throws OperationOutcomeError `minimum-necessary` */
export async function checkMessageNeeded(
  draft: Draft,
  { content, to }: { readonly content: Resource; readonly to: Ref },
): Promise<void> {
  const { payload } = await draft.context.payloads.of(to);
  if (payload === undefined || messageShape(content) !== 'message') return;
  if (payloadNamed(payload).types['Communication']?.elements?.['payload'] !== 'words') return;
  const issues = valuesAt(content, 'payload').flatMap((part, at): readonly IssueDetail[] => {
    if (wordsIn(part).length > 0) return [];
    const expression = `Communication.payload[${at}]`;
    const diagnostics = `${expression} is more than words, and ${to} is told in words alone: write what it needs.`;
    return [{ code: 'minimum-necessary', severity: 'error', diagnostics, expression: [expression] }];
  });
  const [first, ...others] = issues;
  if (first !== undefined) throw OperationOutcomeError.of([first, ...others]);
}
