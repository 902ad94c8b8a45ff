/** Tests that take seconds each: mutants meet them last, and those of a quick sample never. */
export const slow = /golden|propert(y|ies)|races|random|missing-lock|two-kernels|fully-associative|buddy|toy/;
