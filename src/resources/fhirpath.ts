/**
 * FHIRPath (http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html) by the package `fhirpath` with R4's model,
 * loaded at first use. What an expression may cost is counted, not timed, so that the same expression always ends the
 * same way: its length, the steps of its evaluation, and the nodes and characters of what a step results in.
 */

/** Where a node stands in the JSON of its resource: `['name', 0, 'family']`. A choice has its name without the type. */
export type NodePath = readonly (string | number)[];

/** A node of a resource that an expression selects. */
export interface Located {
  readonly path: NodePath;
  /** R4's name of its type where the model knows it: `HumanName`, `date`. */
  readonly type: string | undefined;
}

export interface Expression {
  /** The values, as JSON has them. @param variables by their names without the percent sign @throws FhirPathFault */
  readonly evaluate: (focus: unknown, variables?: Readonly<Record<string, unknown>>) => readonly unknown[];
  /**
   * Where the selected nodes stand in a resource; undefined when something was selected that is no node of it.
   *
   * @param spend told of what each step costs; a {@link FhirPathFault} that it throws ends the evaluation
   * @throws FhirPathFault
   */
  readonly locate: (resource: unknown, spend?: (work: number) => void) => readonly Located[] | undefined;
}

interface CompileOptions {
  /**
   * `client` (the default): only {@link FUNCTIONS}, and at most {@link CLIENT_LENGTH_MAX} characters. `own`: whatever the
   * package knows, for expressions that are ours or HL7's.
   */
  readonly source?: 'client' | 'own';
  /** The path of the element that is given as the focus, where that is no resource: `Patient.contact`. */
  readonly base?: string;
}

export interface FhirPath {
  /** @throws FhirPathFault */
  readonly compile: (expression: string, options?: CompileOptions) => Expression;
}

/** An expression that cannot be read, or whose evaluation failed or was ended. Its message quotes nothing. */
export class FhirPathFault extends Error {
  readonly reason: 'too-long' | 'syntax' | 'function' | 'failed' | 'too-costly';

  constructor(reason: FhirPathFault['reason'], says: string) {
    super(says);
    this.name = 'FhirPathFault';
    this.reason = reason;
  }
}

export const CLIENT_LENGTH_MAX = 500;
const OWN_LENGTH_MAX = 20_000;
const STEPS_MAX = 50_000;
const NODES_MAX = 100_000;
const TEXT_MAX = 2_000_000;
/** Nodes that could be looked at in the time of one step. */
const PER_STEP = 10;
/** Compiled expressions remembered. */
const COMPILED_MAX = 500;

/**
 * Functions that a client's expression may call. Left out is what leads out of the resource (`resolve`, `memberOf`), what
 * writes (`trace`), and what may cost more than its length tells (regular expressions, `repeat`, growing texts).
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'empty exists all allTrue anyTrue allFalse anyFalse count distinct isDistinct where select ofType as is single ' +
    'first last tail skip take intersect exclude union combine iif not toString toInteger toBoolean ' +
    'contains startsWith endsWith indexOf lower upper length trim extension hasValue getValue children descendants today now'
  ).split(' '),
);

let loading: Promise<FhirPath> | undefined;

/** Loads the package once: some tens of milliseconds and megabytes, so only where it is needed. */
export function loadFhirPath(): Promise<FhirPath> {
  return (loading ??= load());
}

async function load(): Promise<FhirPath> {
  const [{ default: library }, { default: model }] = await Promise.all([
    import('fhirpath'),
    import('fhirpath/fhir-context/r4'),
  ]);
  const compiled = new Map<string, Expression>();
  return {
    compile(expression, options = {}) {
      const key = `${options.source ?? 'client'} ${options.base ?? ''} ${expression}`;
      const known = compiled.get(key) ?? compile(library, model, expression, options);
      compiled.delete(key);
      compiled.set(key, known);
      if (compiled.size > COMPILED_MAX) compiled.delete(compiled.keys().next().value ?? '');
      return known;
    },
  };
}

type Library = (typeof import('fhirpath'))['default'];
type Model = Parameters<Library['compile']>[1];

function compile(library: Library, model: Model, text: string, options: CompileOptions): Expression {
  const { source = 'client', base } = options;
  checkText(text, source);
  if (source === 'client') checkFunctions(readTree(library, text));
  const counted: Counted = { steps: 0, nodes: 0, spend: () => undefined };
  const run = attempt('syntax', () =>
    library.compile(base === undefined ? text : { base, expression: text }, model, {
      resolveInternalTypes: false,
      traceFn: () => undefined,
      debugger: (_ctx, _focus, result) => count(counted, result),
    }),
  );
  const evaluate = (
    focus: unknown,
    variables?: Readonly<Record<string, unknown>>,
    spend: Counted['spend'] = () => undefined,
  ): readonly unknown[] => {
    Object.assign(counted, { steps: 0, nodes: 0, spend });
    return attempt('failed', () => run(focus, { ...variables }));
  };
  return {
    evaluate: (focus, variables) =>
      // The library hands out what it wraps; its declaration says any.
      library.resolveInternalTypes(evaluate(focus, variables)) as unknown[],
    locate: (resource, spend) => locateAll(evaluate(resource, { resource, rootResource: resource }, spend)),
  };
}

function checkText(text: string, source: 'client' | 'own'): void {
  const max = source === 'client' ? CLIENT_LENGTH_MAX : OWN_LENGTH_MAX;
  if (text.length > max) throw new FhirPathFault('too-long', `an expression has at most ${max} characters`);
}

/** A node of the package's syntax tree, as far as it is looked at. */
interface Syntax {
  readonly type?: string;
  readonly text?: string;
  readonly children?: readonly Syntax[];
}

const readTree = (library: Library, text: string): Syntax =>
  attempt('syntax', () => library.parse(text) as Syntax); // its declaration says any

function checkFunctions({ type, children = [] }: Syntax): void {
  if (type === 'FunctionInvocation') {
    const name = children[0]?.text ?? '';
    if (!FUNCTIONS.has(name))
      throw new FhirPathFault('function', 'the expression calls a function that is not offered here');
  }
  for (const child of children) checkFunctions(child);
}

/** Runs the package's code; what it throws quotes values and is not passed on. */
function attempt<T>(reason: 'syntax' | 'failed', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FhirPathFault) throw error;
    const says =
      reason === 'syntax' ? 'the expression is no FHIRPath' : 'the expression cannot be evaluated here';
    throw new FhirPathFault(reason, says);
  }
}

/** What an evaluation has come to. */
interface Counted {
  steps: number;
  nodes: number;
  spend: (work: number) => void;
}

/** Called after each step of an evaluation; what a step results in is mostly, but not always, a list. */
function count(counted: Counted, result: unknown): void {
  const values: readonly unknown[] = Array.isArray(result) ? result : [result];
  counted.steps += 1;
  counted.nodes += values.length;
  counted.spend(PER_STEP + values.length);
  const isLong = values.some((value) => typeof value === 'string' && value.length > TEXT_MAX);
  if (counted.steps <= STEPS_MAX && counted.nodes <= NODES_MAX && !isLong) return;
  throw new FhirPathFault('too-costly', 'the expression takes too many steps');
}

/** A node as the package has it, as far as it is looked at. */
interface Node {
  readonly parentResNode: Node | null;
  readonly propName: string | null;
  readonly index: number | null | undefined;
  readonly fhirNodeDataType: string | null;
}

function locateAll(results: readonly unknown[]): readonly Located[] | undefined {
  if (!results.every(isNode)) return undefined;
  return results.map((node) => ({ path: pathOf(node), type: node.fhirNodeDataType ?? undefined }));
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'parentResNode' in value;

function pathOf(node: Node): NodePath {
  const path: (string | number)[] = [];
  for (let at: Node | null = node; at?.parentResNode; at = at.parentResNode) {
    if (typeof at.index === 'number') path.unshift(at.index);
    if (at.propName !== null) path.unshift(at.propName);
  }
  return path;
}
