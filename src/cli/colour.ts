/** Whether standard output is a terminal that shows colours; Node knows of NO_COLOR and TERM=dumb. */
export const inColour = (): boolean => process.stdout.isTTY && process.stdout.hasColors();
