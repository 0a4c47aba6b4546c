/** msgpackr ships this build without types: same names, neither `new Function` nor native strings. */
declare module 'msgpackr/index-no-eval' {
  export { addExtension, Packr } from 'msgpackr'
}
