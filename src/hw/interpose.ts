/**
 * How to put oneself in the way of an object's methods, to look on or to do otherwise: the object gets methods of its own in
 * place of those that it inherits, so objects that nobody has in view pay nothing, not even a test. Any number may stand in the
 * way of one object at the same time. Who came later stands in front, and whoever goes leaves the others as they were.
 */

type Method = (...args: never[]) => unknown;

/** For each method the one to stand in its place, given what stands below it. Called anew whenever somebody comes or goes. */
export type Interposition<T> = {
  readonly [K in keyof T as T[K] extends Method ? K : never]?: (below: T[K]) => T[K];
};

interface Layer {
  readonly methods: Readonly<Record<string, ((below: Method) => Method) | undefined>>;
}

/** Those in the way of one object. */
class Stack {
  readonly #object: Record<string, Method>;
  /** From the first who came to the last. */
  readonly #layers: Layer[] = [];
  /** What the object had before anybody came, in the order in which they came for it; and whether it was its own. */
  readonly #originals = new Map<string, { readonly method: Method; readonly own: boolean }>();

  constructor(object: object) {
    this.#object = object as Record<string, Method>;
  }

  add(layer: Layer): void {
    this.#layers.push(layer);
    for (const name of Object.keys(layer.methods)) {
      if (!this.#originals.has(name)) {
        this.#originals.set(name, { method: this.#object[name], own: Object.hasOwn(this.#object, name) });
      }
      this.#stackUp(name);
    }
  }

  /** Whether somebody is left. */
  remove(layer: Layer): boolean {
    this.#layers.splice(this.#layers.indexOf(layer), 1);
    if (this.#layers.length > 0) {
      for (const name of Object.keys(layer.methods)) this.#stackUp(name);
      return true;
    }
    // The last property first: so V8 takes back each step of the object's shape, and it stays fast.
    for (const [name, { method, own }] of [...this.#originals].reverse()) {
      if (own) this.#object[name] = method;
      else delete this.#object[name];
    }
    return false;
  }

  #stackUp(name: string): void {
    const { method } = this.#originals.get(name)!;
    const replacements = this.#layers.map(({ methods }) => methods[name]).filter((each) => each !== undefined);
    const bottom = replacements.length === 0 ? method : (method.bind(this.#object) as Method);
    this.#object[name] = replacements.reduce((below, replace) => replace(below), bottom);
  }
}

const stacks = new WeakMap<object, Stack>();

/** Stands in the way of `methods` of `object`, in front of those who do already, until the function returned is called. */
export function interpose<T extends object>(object: T, methods: Interposition<T>): () => void {
  const stack = stacks.get(object) ?? new Stack(object);
  stacks.set(object, stack);
  let layer: Layer | null = { methods: methods as Layer['methods'] };
  stack.add(layer);
  return () => {
    if (layer !== null && !stack.remove(layer)) stacks.delete(object);
    layer = null;
  };
}
