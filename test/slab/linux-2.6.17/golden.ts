/** Recorded truth of the compiled 2.6 kernel: test/golden/data/linux-2.6, gzipped. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { i386, x86_64 } from '../../../src/kernel/linux-2.6/abi.ts';
import { type Config26, numa26, smp26, up26 } from '../../../src/kernel/linux-2.6/config.ts';

const data = new URL('../../golden/data/linux-2.6/', import.meta.url).pathname;

export const golden = (file: string) => gunzipSync(readFileSync(`${data}${file}.gz`)).toString();

/** The fields of a structure as compiled, [offset, size], beside its sizeof. */
type RecordedStruct = { readonly sizeof: number } & { readonly [field: string]: readonly [number, number] };

export interface RecordedBuild {
  readonly config: {
    readonly arch: 'i386' | 'x86_64';
    readonly smp: boolean;
    readonly numa: boolean;
    readonly l1_cache_bytes: number;
    readonly debug: boolean;
    readonly leak: boolean;
  };
  readonly constants: Readonly<Record<string, number>>;
  readonly malloc_sizes: readonly number[];
  readonly [struct: string]: unknown;
}

export const structOf = (build: RecordedBuild, name: string) => build[name] as RecordedStruct;

const layouts = JSON.parse(golden('layouts.json')) as { builds: Record<string, RecordedBuild> };
export const builds = Object.entries(layouts.builds);

/** The build options of a recorded build. */
export function configOf({ config, constants }: RecordedBuild): Config26 {
  const base = config.numa ? numa26 : config.smp ? smp26 : up26;
  return {
    ...base,
    abi: config.arch === 'i386' ? i386 : x86_64,
    NR_CPUS: constants.NR_CPUS,
    MAX_NUMNODES: constants.MAX_NUMNODES,
    L1_CACHE_BYTES: config.l1_cache_bytes,
    cache_line_size: constants.cache_line_size,
    CONFIG_DEBUG_SLAB: config.debug,
    CONFIG_DEBUG_SLAB_LEAK: config.leak,
  };
}
