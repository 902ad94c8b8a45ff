#!/usr/bin/env node
/** The command line: arguments and exit statuses. 0: well; 1: a case failed; 2: the input is wrong. */
import { Command, CommanderError } from 'commander';
import { InputError } from '../hw/input-error.ts';
import { verify } from './verify.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

const program = new Command('slabscope')
  .description('A hardware-faithful emulator of x86 SMP memory, with the Linux slab allocators running on it.')
  .exitOverride();

program
  .command('verify')
  .description('replay recorded truth (files or folders) and compare every result')
  .argument(
    '<path...>',
    'case-*.jsonl, geometry.csv, layouts.json, expected.json, directed-mesi.json, or folders of them',
  )
  .option('--json', 'print the outcomes as JSON')
  .addHelpText('after', '\nExample:\n  slabscope verify test/golden')
  .action((paths: string[], { json }: { json?: boolean }) => {
    process.exitCode = verify(paths, json === true, print) ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof InputError) {
    process.stderr.write(`slabscope: ${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
}
