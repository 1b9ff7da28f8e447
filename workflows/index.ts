/** The workflows a worker registers: what `temporal workflow start --type` can name. */
export { distill } from './distill';
export { retrain } from './retrain';
export { teach } from './teach';
