/** `x=1,y=2`: the members of a record as text, in their order. */
export const assignments = (values: Readonly<Record<string, string | number>>, separator: string): string =>
  Object.entries(values)
    .map((entry) => entry.join('='))
    .join(separator);
