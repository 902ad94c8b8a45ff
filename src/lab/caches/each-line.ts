/** An access line by line, lowest address first, as caches see one that straddles. */
export function eachLine(
  address: number,
  bytes: number,
  line: number,
  piece: (address: number, bytes: number) => void,
): void {
  for (let from = address; from < address + bytes; ) {
    const next = Math.min(address + bytes, from - (from % line) + line);
    piece(from, next - from);
    from = next;
  }
}
