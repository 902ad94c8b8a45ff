/** Files that come along with the package, or stand in a checkout: experiments, examples, recordings. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const shippedFile = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The same text, in which such files are named as they can be from the folder that one is in. */
export const withShippedFiles = (text: string): string =>
  text.replace(/(?<= )(experiments|examples|test\/golden)(\/[\w.-]+)?/g, (path) => {
    const fromHere = relative('', shippedFile(path));
    return fromHere.startsWith('..') ? shippedFile(path) : fromHere;
  });
