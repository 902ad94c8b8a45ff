/**
 * The kernel function that made an access, from the host's stack. Innermost stand those who were told of the access; then the
 * methods of the CPU; then, it may be, helpers, whose callers say more: lists and strings. Who stands behind these is meant. All
 * are known by the names of the function objects themselves, so built code, a bundle and the sources tell the same.
 */
import { Cpu } from '../../hw/cpu.ts';
import * as list from '../../kernel/list.ts';
import * as string from '../../kernel/string.ts';

const methods = new Set(Object.getOwnPropertyNames(Cpu.prototype));
const helpers = new Set(
  [...Object.values(list), ...Object.values(string)]
    .filter((each) => typeof each === 'function')
    .map(({ name }) => name),
);

/** `trace` was made at the access; null if functions are not noted. Empty then, and `(unnamed)` if the host tells no name. */
export const callingFunction = (trace: Trace | null): string => (trace === null ? '' : callerAmong(functionsIn(trace)));

/** The same of functions, innermost first. */
export function callerAmong(names: readonly string[]): string {
  const access = names.findIndex((name) => methods.has(name));
  const behindCpu = names.findIndex((name, i) => i > access && !methods.has(name));
  const caller = names.find((name, i) => i >= behindCpu && !helpers.has(name));
  return (access >= 0 && behindCpu >= 0 && caller) || '(unnamed)';
}

export interface Trace {
  readonly stack?: string;
}

const functionsIn = ({ stack = '' }: Trace): string[] => stack.split('\n').map(nameIn);

interface CallSite {
  getFunctionName(): string | null;
}

/** As functionsIn; where the host hands out the functions themselves (V8), in a fraction of the time that a text takes. */
export function functionsQuickly(trace: Trace): readonly string[] {
  const host = Error as unknown as { prepareStackTrace?: ((error: Error, sites: CallSite[]) => unknown) | undefined };
  const before = host.prepareStackTrace;
  host.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName() ?? '');
  // Made when it is read for the first time.
  const { stack } = trace as { readonly stack?: unknown };
  host.prepareStackTrace = before;
  return Array.isArray(stack) ? stack : functionsIn(trace);
}

/**
 * The function of one line of a stack, empty if it has no name. V8 (Node, Chrome): `    at Type.name [as alias] (place)`;
 * SpiderMonkey (Firefox) and JavaScriptCore (Safari): `outer/name@place`. Each shows a generator's function by its name.
 */
function nameIn(line: string): string {
  const isV8 = /^\s*at /.test(line);
  const found = isV8 ? /^\s*at (?:async |new )?(\S+) (?:\[as \S+\] )?\(/.exec(line) : /^([^@]*)@/.exec(line);
  return (found?.[1] ?? '').replace(/^.*[./]/, '');
}
