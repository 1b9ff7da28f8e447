import { didYouMean, similarName } from '../../infra/command-line/similar-name';

const commands = [
  'champion',
  'corpus',
  'export',
  'init',
  'logits',
  'plan',
  'store',
  'tag',
  'watch',
];

describe('the name that was probably meant', () => {
  it.each([
    ['wacth', 'watch'],
    ['Watch', 'watch'],
    ['coprus', 'corpus'],
    ['champions', 'champion'],
    ['tg', 'tag'],
    ['expor', 'export'],
  ])('%s is %s', (given, meant) => {
    expect(similarName(given, commands)).toBe(meant);
  });

  it.each(['', 'run', 'distill', 'x', 'gat'])('%j resembles none of them', (given) => {
    expect(similarName(given, commands)).toBeUndefined();
    expect(didYouMean(given, commands)).toBe('');
  });

  it('prefers fewer edits to an earlier place', () => {
    expect(similarName('tags', ['tap', 'tag'])).toBe('tag');
  });

  it('resembles nothing where there is no name', () => {
    expect(similarName('tag', [])).toBeUndefined();
  });
});
