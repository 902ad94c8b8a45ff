/** Memory for one machine after the other: a new buffer for each would have V8 collect all garbage for each. */
export function reusedBuffer(): (bytes: number) => ArrayBuffer {
  let buffer = new ArrayBuffer(0);
  return (bytes) => {
    if (buffer.byteLength === bytes) new Uint8Array(buffer).fill(0);
    else buffer = new ArrayBuffer(bytes);
    return buffer;
  };
}
