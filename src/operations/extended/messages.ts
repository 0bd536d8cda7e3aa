/** Operations on work items about messages (rules 7, docs/adr/0005): link, correct, replay, discard with a reason. */
import { valuesAt } from '../../resources/element.ts';
import { textIn, valueIn } from './input.ts';
import type { Operation, OperationParameter } from './operation.ts';

const OUT: readonly OperationParameter[] = [
  { name: 'fate', use: 'out', min: 1, max: '1', type: 'code', documentation: 'What became of the message.' },
  { name: 'remark', use: 'out', min: 0, max: '*', type: 'string', documentation: 'What was said about it.' },
];

/** The common parts of these operations: each changes a person's work item. */
const ON_WORK_ITEMS = {
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  needs: 'update',
} as const satisfies Partial<Operation>;

export const replayMessage: Operation = {
  name: 'replay-message',
  title: 'Try a message again',
  description:
    'Tries the kept message of a work item again, as it was received. The work item ends when it is applied.',
  ...ON_WORK_ITEMS,
  parameters: OUT,
  perform: ({ messages, request }) => messages.replay(request),
};

export const linkMessage: Operation = {
  name: 'link-message',
  title: 'Say which referral a message is about',
  description:
    'Applies the kept message of a work item to a referral between its sender and its receiver, whatever number it bears. The patient must still be the one of the referral.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'referral',
      use: 'in',
      min: 1,
      max: '1',
      type: 'Reference',
      documentation: 'The ServiceRequest or the Task of the referral.',
    },
    ...OUT,
  ],
  perform: ({ messages, request, input }) => {
    const [reference] = valuesAt(valueIn(input, 'referral'), 'reference');
    return messages.link(request, reference);
  },
};

export const correctMessage: Operation = {
  name: 'correct-message',
  title: 'Correct a message',
  description:
    'Tries a corrected text in place of the kept message of a work item. Both are kept. Sender, receiver, kind and control id of the message stay as they were.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'message',
      use: 'in',
      min: 1,
      max: '1',
      type: 'string',
      documentation: 'The corrected message in ER7; segments may end with CR, LF or both.',
    },
    ...OUT,
  ],
  perform: ({ messages, request, input }) => messages.correct(request, textIn(input, 'message') ?? ''),
};

export const discardMessage: Operation = {
  name: 'discard-message',
  title: 'Discard a message',
  description: 'Ends a work item without applying its message, which stays kept, with the reason.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'reason',
      use: 'in',
      min: 1,
      max: '1',
      type: 'string',
      documentation: 'Why the message is not applied.',
    },
    ...OUT,
  ],
  perform: ({ messages, request, input }) => messages.discard(request, textIn(input, 'reason') ?? ''),
};
