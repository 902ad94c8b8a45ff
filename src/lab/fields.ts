/** The fields of a cache's objects, where a workload names them. */
export interface Field {
  readonly name: string;
  /** Bytes from the start of the object. */
  readonly offset: number;
  readonly size: number;
}

/** By the name of a cache. */
export type FieldNames = ReadonlyMap<string, readonly Field[]>;
