/** Fields of the objects in a cache. */
export interface Field {
  readonly name: string;
  /** In bytes from the object's start. */
  readonly offset: number;
  readonly size: number;
}
