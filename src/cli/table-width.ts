/** How wide tables may be: what the terminal has, 80 where there is none; as wide as they are with --wide. */
export function tableWidth(wide = false): number {
  return wide ? Number.POSITIVE_INFINITY : Math.max(80, process.stdout.columns ?? 80);
}
