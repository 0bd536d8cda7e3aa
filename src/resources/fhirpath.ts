/**
 * FHIRPath (http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html) by the package `fhirpath` with R4's
 * model, loaded at first use. The engine counts the cost of an expression instead of timing it, so that the same
 * expression always ends in the same way: its length, the steps of its evaluation, and the nodes and characters of each
 * step's result.
 */

/** The place of a node in the JSON of its resource: `['name', 0, 'family']`. A choice has its name without the type. */
export type NodePath = readonly (string | number)[];

/** A node of a resource that an expression selects. */
export interface Located {
  readonly path: NodePath;
  /** R4's name of the node's type when the model knows it: `HumanName`, `date`. */
  readonly type: string | undefined;
}

export interface Expression {
  /**
   * The values as JSON has them.
   *
   * @param variables by their names without the percent sign
   * @throws FhirPathFault
   */
  readonly evaluate: (focus: unknown, variables?: Readonly<Record<string, unknown>>) => readonly unknown[];
  /**
   * The places of the selected nodes in a resource; undefined when the expression selects a value that is no node of
   * it.
   *
   * @param spend called with the cost of each step; a {@link FhirPathFault} that it throws ends the evaluation
   * @throws FhirPathFault
   */
  readonly locate: (resource: unknown, spend?: (work: number) => void) => readonly Located[] | undefined;
}

interface CompileOptions {
  /**
   * `client` (the default): only {@link FUNCTIONS}, and at most {@link CLIENT_LENGTH_MAX} characters. `own`: every
   * function of the package, for expressions of this project or of HL7.
   */
  readonly source?: 'client' | 'own';
  /** The path of the focus element when the focus is no resource: `Patient.contact`. */
  readonly base?: string;
}

export interface FhirPath {
  /** @throws FhirPathFault */
  readonly compile: (expression: string, options?: CompileOptions) => Expression;
}

/** An expression that cannot be read, or whose evaluation failed or was ended. The message quotes no value. */
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
/** The number of nodes that cost as much as one step. */
const PER_STEP = 10;
/** The number of compiled expressions that are kept. */
const COMPILED_MAX = 500;

/**
 * Functions that a client's expression may call. The list lacks functions that lead out of the resource (`resolve`,
 * `memberOf`), that write (`trace`), and that may cost more than their length tells (regular expressions, `repeat`,
 * growing texts).
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'empty exists all allTrue anyTrue allFalse anyFalse count distinct isDistinct where select ofType as is single ' +
    'first last tail skip take intersect exclude union combine iif not toString toInteger toBoolean ' +
    'contains startsWith endsWith indexOf lower upper length trim extension hasValue getValue children descendants today now'
  ).split(' '),
);

let loading: Promise<FhirPath> | undefined;

/** Loads the package once. That takes tens of milliseconds and megabytes, so it happens only when needed. */
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

/** A node of the package's syntax tree, with the members that are read here. */
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

/** Runs the package's code. Its errors quote values, so they are not passed on. */
function attempt<T>(reason: 'syntax' | 'failed', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FhirPathFault) throw error;
    const says =
      reason === 'syntax' ? 'the expression is not FHIRPath' : 'the expression cannot be evaluated here';
    throw new FhirPathFault(reason, says);
  }
}

/** The cost of an evaluation so far. */
interface Counted {
  steps: number;
  nodes: number;
  spend: (work: number) => void;
}

/** Called after each step of an evaluation. The result of a step is usually a list. */
function count(counted: Counted, result: unknown): void {
  const values: readonly unknown[] = Array.isArray(result) ? result : [result];
  counted.steps += 1;
  counted.nodes += values.length;
  counted.spend(PER_STEP + values.length);
  const isLong = values.some((value) => typeof value === 'string' && value.length > TEXT_MAX);
  if (counted.steps <= STEPS_MAX && counted.nodes <= NODES_MAX && !isLong) return;
  throw new FhirPathFault('too-costly', 'the expression takes too many steps');
}

/** A node of the package, with the members that are read here. */
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
