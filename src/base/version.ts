/** Of the package; test/package holds it to package.json, which neither browsers nor bundles have. */
export const VERSION = '0.1.0';
