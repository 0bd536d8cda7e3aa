/**
 * Datatypes and segments as tables. Each row has a name and its place in the wire layout. Reading and building both
 * follow the row, so that they cannot disagree (HL7 v2.5.1, 2.5.3 and 2.5.1).
 */
import type { ComponentValue, PlainValue, RepetitionValue, SegmentValues } from './build.ts';
import { component, field, NULL_VALUE, repetitions, type Composite, type Segment } from './message.ts';
import { unescapeText } from './escape.ts';

/**
 * Reads one value from the wire, and builds it. Undefined stands for an empty value and for the null; `isNull` tells
 * them apart when something may have to be deleted.
 */
interface Datatype<Value, Built extends RepetitionValue = RepetitionValue> {
  read(from: Composite): Value | undefined;
  build(value: Value): Built;
}

/** A code, a number or a time. When a sender has added components to it, the first one counts (2.8.2). */
export const CODE: Datatype<string, PlainValue> = {
  read: (from) => plain(firstOf(from), from),
  build: (value) => value,
};

/** Free text. A delimiter that the sender forgot to escape is part of it. */
export const TEXT: Datatype<string, PlainValue> = {
  read: (from) => plain(from.raw, from),
  build: (value) => value,
};

/** Free text with formatting commands for line breaks. */
export const FORMATTED: Datatype<string, PlainValue> = {
  read: (from) => TEXT.read(from),
  build: (formatted) => ({ formatted }),
};

type Components = Readonly<Record<string, readonly [number, Datatype<unknown>]>>;
/** The type that a datatype reads. */
export type FieldValue<Type> = Type extends Datatype<infer Value> ? Value : never;
/** The text of a part, as long as it still fits into a component. */
type BuiltOf<Type> = Type extends Datatype<infer _, infer Built> ? Extract<Built, ComponentValue> : never;

/** A composite as an object with all its parts by name. */
type CompositeOf<Parts extends Components> = {
  readonly [Name in keyof Parts]?: FieldValue<Parts[Name][1]> | undefined;
};

/** A composite datatype from the places of its parts, each `[component number, datatype]`. */
export function composite<const Parts extends Components>(
  parts: Parts,
): Datatype<CompositeOf<Parts>, readonly BuiltOf<Parts[keyof Parts][1]>[]> {
  const rows = Object.entries(parts).map(([name, [n, type]]) => ({ name, n, type }));
  return {
    read: (from) => {
      if (from.raw === '' || from.raw === NULL_VALUE) return undefined;
      const value: Record<string, unknown> = {};
      let isEmpty = true;
      for (const { name, n, type } of rows) {
        const part = type.read(component(from, n));
        value[name] = part;
        isEmpty &&= part === undefined;
      }
      // Each part was read by the datatype that its row names.
      return isEmpty ? undefined : (value as CompositeOf<Parts>);
    },
    build: (value) => {
      const built: BuiltOf<Parts[keyof Parts][1]>[] = [];
      for (const { name, n, type } of rows) {
        const part = value[name];
        // As above: the part is of the row's datatype, which the loop over names hides from the compiler.
        if (part !== undefined) built[n - 1] = type.build(part) as (typeof built)[number];
      }
      return Array.from(built);
    },
  };
}

/** `'*'` when the field repeats. */
type Row = readonly [number, Datatype<unknown>] | readonly [number, Datatype<unknown>, '*'];
type Rows = Readonly<Record<string, Row>>;

/** A segment as an object. A field that repeats is a list, which is empty when the sender sent nothing. */
export type SegmentOf<Layout extends Rows> = {
  readonly [Name in keyof Layout]: Layout[Name] extends readonly [number, infer Type, '*']
    ? readonly FieldValue<Type>[]
    : FieldValue<Layout[Name][1]> | undefined;
};

/** The values to build a segment from: the same members, all optional. */
export type SegmentDraft<Whole> = { readonly [Name in keyof Whole]?: Whole[Name] | undefined };

interface SegmentType<Whole> {
  readonly name: string;
  readonly read: (segment: Segment) => Whole;
  readonly build: (draft: SegmentDraft<Whole>) => SegmentValues;
}

/** A segment layout from the places of its fields, each `[field number, datatype]`. */
export function segment<const Layout extends Rows>(
  name: string,
  layout: Layout,
): SegmentType<SegmentOf<Layout>> {
  const rows = Object.entries(layout).map(([key, [n, type, repeats]]) => ({ key, n, type, repeats }));
  return {
    name,
    read: (from) => {
      const whole: Record<string, unknown> = {};
      for (const { key, n, type, repeats } of rows)
        whole[key] = repeats === undefined ? readFirst(from, n, type) : readAll(from, n, type);
      // Each field was read by the datatype that its row names.
      return whole as SegmentOf<Layout>;
    },
    build: (draft) => ({
      name,
      draft,
      get fields() {
        const fields: Record<number, readonly RepetitionValue[]> = {};
        for (const { key, n, type } of rows) {
          const value: unknown = draft[key];
          if (value === undefined) continue;
          const values: readonly unknown[] = Array.isArray(value) ? value : [value];
          fields[n] = values.map((one) => type.build(one));
        }
        return fields;
      },
    }),
  };
}

function readFirst<Value>(from: Segment, n: number, type: Datatype<Value>): Value | undefined {
  const { syntax } = from;
  const raw = field(from, n);
  if (raw === '') return undefined;
  const end = syntax.repetition === '' ? -1 : raw.indexOf(syntax.repetition);
  return type.read({ raw: end === -1 ? raw : raw.slice(0, end), separator: syntax.component, syntax });
}

const readAll = <Value>(from: Segment, n: number, type: Datatype<Value>): readonly Value[] =>
  repetitions(from, n).flatMap((repetition) => type.read(repetition) ?? []);

/** The text before the first inner delimiter. */
function firstOf({ raw, separator, syntax }: Composite): string {
  let whole = raw;
  for (const mark of separator === syntax.component ? [separator, syntax.subcomponent] : [separator]) {
    const end = mark === '' ? -1 : whole.indexOf(mark);
    if (end !== -1) whole = whole.slice(0, end);
  }
  return whole;
}

const plain = (raw: string, { syntax }: Composite): string | undefined =>
  raw === '' || raw === NULL_VALUE ? undefined : unescapeText(raw, syntax);
