import { parseConfigClasses } from '../../../ced/teachers/teacher-classes';

const named = (config: object): string[] =>
  parseConfigClasses(JSON.stringify(config)).map(({ name }) => name);

describe('the classes that a checkpoint names', () => {
  it('stand in id2label or in a list of labels, in the order of its outputs', () => {
    expect(named({ outputdim: 2, id2label: { 1: 'Banjo', 0: 'Accordion' } })).toEqual([
      'Accordion',
      'Banjo',
    ]);
    expect(named({ labels: ['Accordion', 'Banjo'] })).toEqual(['Accordion', 'Banjo']);
  });

  it.each([
    ['no names', { outputdim: 2 }, 'names no classes (it has no id2label); give a class list'],
    ['one too few', { outputdim: 2, id2label: { 0: 'A' } }, 'no id2label for output 1'],
    ['one twice', { id2label: { 0: 'A', 1: 'A' } }, 'name "A" occurs twice'],
    ['numbers', { id2label: { 0: 5 } }, 'id2label.0: no list of class names'],
    ['an endless name', { labels: ['a'.repeat(513)] }, 'labels.0: no list of class names'],
  ])('with %s are refused', (_, config, message) => {
    expect(() => named(config)).toThrow(message);
  });

  it('are refused in a file that only begins as JSON', () => {
    expect(() => parseConfigClasses('{ "id2label":')).toThrow('is not JSON');
  });
});
