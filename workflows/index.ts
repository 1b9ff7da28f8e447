/** The workflows that a worker registers, by the names that `temporal workflow start` takes. */
export { distill } from './distill';
export { retrain } from './retrain';
export { teach } from './teach';
