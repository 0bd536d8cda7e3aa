/** The messages that the server reads, one line each. */
import { ADT_MESSAGES } from './adt.ts';
import { MDM_T02 } from './mdm-t02.ts';
import type { MessageDefinition } from './message-definition.ts';
import { OMG_O19 } from './omg-o19.ts';
import { ORM_O01 } from './orm-o01.ts';
import { OSU_O51 } from './osu-o51.ts';
import { REF_I12 } from './ref-i12.ts';
import { SIU_MESSAGES } from './siu.ts';

export const MESSAGES: readonly MessageDefinition[] = [
  OMG_O19,
  ORM_O01,
  REF_I12,
  OSU_O51,
  ...SIU_MESSAGES,
  MDM_T02,
  ...ADT_MESSAGES,
];

const BY_NAME: ReadonlyMap<string, MessageDefinition> = new Map(MESSAGES.map((one) => [one.name, one]));

/** The definition of a message by MSH-9.1 and MSH-9.2; undefined when the server does not read it. */
export const definitionNamed = (name: string): MessageDefinition | undefined => BY_NAME.get(name);

/** MSH-9.1 of what the server reads. */
export const READ_TYPES: ReadonlySet<string> = new Set(MESSAGES.map(({ name }) => name.slice(0, 3)));
