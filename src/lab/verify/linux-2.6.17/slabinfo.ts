export function verifyDump(): never {
  throw new Error('todo');
}
